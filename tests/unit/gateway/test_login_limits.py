"""How long the next log-in attempt must wait."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from services.gateway.access.login_limits import AttemptCounts, Failures, area, network, remaining_wait, wait

NOW = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)
NONE = Failures()
MANY = Failures(500, NOW)
ATTACKED = AttemptCounts(own=NONE, address=NONE, strangers=MANY)


def having(**known: Any) -> AttemptCounts:
    return msgspec.structs.replace(ATTACKED, **known)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (1, 0), (4, 0), (5, 15), (6, 30), (7, 60), (8, 120), (9, 240), (10, 300), (11, 300), (10_000, 300)],
)
def test_the_wait_grows_with_each_failure_and_never_becomes_a_lock(failures: int, seconds: int) -> None:
    assert wait(Failures(failures, NOW), free=5, now=NOW) == timedelta(seconds=seconds)


def test_the_wait_is_counted_from_the_last_failure() -> None:
    assert wait(Failures(5, NOW - timedelta(seconds=10)), free=5, now=NOW) == timedelta(seconds=5)


def test_who_has_waited_may_attempt() -> None:
    assert wait(Failures(9, NOW - timedelta(minutes=4)), free=5, now=NOW) == timedelta(0)


@pytest.mark.parametrize(
    ("record", "seconds"),
    [
        pytest.param(ATTACKED, 0, id="who has not failed"),
        pytest.param(having(own=Failures(2, NOW), own_today=2), 0, id="who failed twice"),
        pytest.param(having(own=Failures(3, NOW), own_today=3), 300, id="who failed three times"),
        pytest.param(having(own_today=3), 300, id="who failed three times in the morning"),
        pytest.param(having(own=Failures(4, NOW), own_today=4, is_known=True), 0, id="known, and failed four times"),
        pytest.param(having(own=Failures(5, NOW), own_today=5, is_known=True), 15, id="known, and failed five times"),
        pytest.param(having(address=Failures(20, NOW), is_known=True), 15, id="known, with twenty of any accounts"),
        pytest.param(having(area_today=30), 300, id="one of many addresses of one network"),
        pytest.param(having(area_today=30, is_known=True), 0, id="known, with an attacker next door"),
        pytest.param(having(addresses_today=299), 0, id="the first attempt of the three hundredth stranger"),
        pytest.param(having(addresses_today=300), 300, id="the first attempt after three hundred strangers"),
        pytest.param(having(addresses_today=300, is_known=True), 0, id="known, after three hundred strangers"),
        pytest.param(having(own_today=4, strangers=Failures(9, NOW)), 0, id="a stranger where few failed"),
    ],
)
def test_others_count_only_for_strangers_who_have_used_up_their_own_attempts(
    record: AttemptCounts, seconds: int
) -> None:
    assert remaining_wait(record, now=NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("address", "counted_as", "within"),
    [
        ("192.168.1.20", "192.168.1.20", "192.168.1.20"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        ("::1", "::/64", "::/48"),
        ("::ffff:192.168.1.20", "192.168.1.20", "192.168.1.20"),
        ("", "", ""),
        ("testclient", "testclient", "testclient"),
    ],
)
def test_a_house_counts_as_one_address(address: str, counted_as: str, within: str) -> None:
    assert (network(address), area(address)) == (counted_as, within)
