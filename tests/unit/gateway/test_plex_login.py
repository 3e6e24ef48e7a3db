"""How long the next sign-in with Plex has to wait."""

from datetime import UTC, datetime, timedelta

import pytest

from services.gateway.access.plex_login import MOST_OF_ADDRESS, MOST_OF_AREA, WINDOW, remaining_wait

NOW = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)


def begun(count: int, *, is_same: bool) -> list[tuple[datetime, bool]]:
    """Return sign-ins that began a second after each other until now, the last one first."""
    return [(NOW - timedelta(seconds=number), is_same) for number in range(count)]


@pytest.mark.parametrize(
    ("before", "wait"),
    [
        ([], timedelta(0)),
        (begun(MOST_OF_ADDRESS - 1, is_same=True), timedelta(0)),
        (begun(MOST_OF_ADDRESS, is_same=True), WINDOW - timedelta(seconds=MOST_OF_ADDRESS - 1)),
        (begun(MOST_OF_ADDRESS + 3, is_same=True), WINDOW - timedelta(seconds=MOST_OF_ADDRESS - 1)),
        (begun(MOST_OF_AREA - 1, is_same=False), timedelta(0)),
        (begun(MOST_OF_AREA, is_same=False), WINDOW - timedelta(seconds=MOST_OF_AREA - 1)),
    ],
)
def test_the_next_one_waits_until_the_oldest_that_counts_is_out_of_the_window(
    before: list[tuple[datetime, bool]], wait: timedelta
) -> None:
    assert remaining_wait(before, now=NOW) == wait
