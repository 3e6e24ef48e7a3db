"""How long a next try to log in has to wait."""

from datetime import UTC, datetime, timedelta

import pytest

from services.gateway.access.throttle import network, wait

NOW = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (1, 0), (4, 0), (5, 15), (6, 30), (7, 60), (8, 120), (9, 240), (10, 300), (11, 300), (10_000, 300)],
)
def test_the_wait_grows_with_each_failure_and_never_becomes_a_lock(failures: int, seconds: int) -> None:
    assert wait(failures, NOW, free=5, now=NOW) == timedelta(seconds=seconds)


def test_the_wait_is_counted_from_the_last_failure() -> None:
    assert wait(5, NOW - timedelta(seconds=10), free=5, now=NOW) == timedelta(seconds=5)


def test_who_has_waited_may_try() -> None:
    assert wait(9, NOW - timedelta(minutes=4), free=5, now=NOW) == timedelta(0)


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.168.1.20", "192.168.1.20"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::ffff:192.168.1.20", "192.168.1.20"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_a_house_counts_as_one_address(address: str, counted_as: str) -> None:
    assert network(address) == counted_as
