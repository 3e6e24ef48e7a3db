"""The spool knows how full it is, in total and for each source."""

import pytest

from services.gateway.spool.quota import Limits, Quota
from services.gateway.spool.record import SpoolFullError


def test_a_source_is_held_until_its_last_record_is_gone() -> None:
    quota = Quota(Limits())
    quota.admit("plex", 10)
    quota.admit("plex", 10)

    quota.count("plex", -1, -10)
    assert quota.holds("plex")
    quota.count("plex", -1, -10)

    assert not quota.holds("plex")
    assert not quota.holds("emby")
    assert (quota.records, quota.size) == (0, 0)


@pytest.mark.parametrize("limits", [Limits(records=8), Limits(size=80)])
def test_one_source_fills_only_its_share(limits: Limits) -> None:
    quota = Quota(limits)
    quota.admit("plex", 10)
    quota.admit("plex", 10)

    with pytest.raises(SpoolFullError, match="full for plex") as failure:
        quota.admit("plex", 10)

    assert failure.value.retry_after is not None
    quota.admit("emby", 10)
    assert quota.records == 3


@pytest.mark.parametrize("limits", [Limits(records=3, share=1), Limits(size=30, share=1)])
def test_a_full_spool_takes_no_more_until_something_goes(limits: Limits) -> None:
    quota = Quota(limits)
    for source in ("plex", "emby", "seerr"):
        quota.admit(source, 10)

    with pytest.raises(SpoolFullError, match="the spool is full"):
        quota.admit("jellyfin", 10)

    quota.count("plex", -1, -10)
    quota.admit("jellyfin", 10)
    assert quota.holds("jellyfin")
