"""Equal deliveries close in time are one, across span boundaries, clock changes and several gateways."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.webhooks.envelope import fingerprint
from services.gateway.webhooks.recent_deliveries import SAME_DELIVERY_S, RecentDeliveries, SeenDelivery

NOON = 1_800_000_000.0


def ids(recent: RecentDeliveries, *moments: float) -> list[str]:
    return [fingerprint("key", recent.first_at("key", at)) for at in moments]


@pytest.mark.parametrize("begins", [0, 0.1, 2.4, 4.7, 4.999])
@pytest.mark.parametrize("after", [0, 0.4, 2.6, 4.9, -0.4, -4.9])
def test_a_repeat_within_five_seconds_has_the_same_id(begins: float, after: float) -> None:
    first, again = ids(RecentDeliveries(), NOON + begins, NOON + begins + after)

    assert first == again


@pytest.mark.parametrize("begins", [0, 0.1, 2.4, 4.7, 4.999])
@pytest.mark.parametrize("after", [5.001, 7.5, 10, 3600, -5.001, -3600])
def test_a_second_pause_later_is_an_event_of_its_own(begins: float, after: float) -> None:
    first, later = ids(RecentDeliveries(), NOON + begins, NOON + begins + after)

    assert first != later


@given(st.lists(st.floats(0, 4), min_size=1, max_size=30))
def test_events_are_never_nearer_than_the_window_and_repeats_never_farther(gaps: list[float]) -> None:
    recent, at, firsts = RecentDeliveries(), NOON, []
    for gap in gaps:
        at += gap
        first = recent.first_at("key", at)
        assert 0 <= at - first < SAME_DELIVERY_S
        firsts.append(first)

    begun = sorted(set(firsts))
    assert all(after - before >= SAME_DELIVERY_S for before, after in itertools.pairwise(begun))
    assert len({fingerprint("key", each) for each in begun}) == len(begun)


def test_what_another_gateway_took_in_is_a_repeat_here() -> None:
    here, there = RecentDeliveries(), RecentDeliveries()
    (first,) = ids(there, NOON + 4.8)
    for taken in there.take_new():
        here.note(taken, now=NOON + 4.9)

    assert ids(here, NOON + 5.2) == [first]
    assert there.take_new() == here.take_new() == []


def test_a_gateway_whose_clock_is_wrong_changes_nothing_here() -> None:
    recent = RecentDeliveries()
    first = ids(recent, NOON + 4.8)
    for hour in range(50):
        recent.note(SeenDelivery("key", NOON + 3600 * (hour + 1)), now=NOON + 5)
        recent.note(SeenDelivery(f"other-{hour}", NOON - 3600), now=NOON + 5)

    assert ids(recent, NOON + 5.2) == first
    assert recent.first_at("other-1", NOON) == NOON


def test_what_is_long_gone_takes_no_memory() -> None:
    recent = RecentDeliveries()
    for number in range(1000):
        recent.first_at(f"key-{number}", NOON + number)

    assert len(recent) <= 2 * SAME_DELIVERY_S + 1
