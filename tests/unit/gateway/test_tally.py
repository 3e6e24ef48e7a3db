"""The spool knows how full it is, in all and for each source."""

import pytest

from services.gateway.spool.record import SpoolFullError
from services.gateway.spool.tally import Limits, Tally


def test_a_source_is_held_until_its_last_record_is_gone() -> None:
    tally = Tally(Limits())
    tally.admit("plex", 10)
    tally.admit("plex", 10)

    tally.count("plex", -1, -10)
    assert tally.holds("plex")
    tally.count("plex", -1, -10)

    assert not tally.holds("plex")
    assert not tally.holds("emby")
    assert (tally.records, tally.size) == (0, 0)


@pytest.mark.parametrize("limits", [Limits(records=8), Limits(size=80)])
def test_one_source_fills_only_its_share(limits: Limits) -> None:
    tally = Tally(limits)
    tally.admit("plex", 10)
    tally.admit("plex", 10)

    with pytest.raises(SpoolFullError, match="full for plex") as failure:
        tally.admit("plex", 10)

    assert failure.value.retry_after is not None
    tally.admit("emby", 10)
    assert tally.records == 3


@pytest.mark.parametrize("limits", [Limits(records=3, share=1), Limits(size=30, share=1)])
def test_a_full_spool_takes_no_more_until_something_goes(limits: Limits) -> None:
    tally = Tally(limits)
    for source in ("plex", "emby", "seerr"):
        tally.admit(source, 10)

    with pytest.raises(SpoolFullError, match="the spool is full"):
        tally.admit("jellyfin", 10)

    tally.count("plex", -1, -10)
    tally.admit("jellyfin", 10)
    assert tally.holds("jellyfin")
