from services.gateway.readiness import RememberedCheck
from services.gateway.spool.recent_results import MOMENT, RecentResults

LATER = MOMENT.total_seconds() + 0.1


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_refusal_counts_for_a_moment() -> None:
    clock = Clock()
    outcomes = RecentResults(clock=clock)

    outcomes.note_refused("plex", "the disk is full")

    assert (outcomes.refusal, outcomes.has_stored) == ("the disk is full", False)
    clock.now = LATER
    assert (outcomes.refusal, outcomes.has_stored) == (None, False)


def test_what_is_stored_of_one_source_does_not_hide_a_refusal_of_another() -> None:
    outcomes = RecentResults(clock=Clock())

    outcomes.note_refused("plex", "the spool is full for plex")
    outcomes.note_stored("jellyfin")

    assert (outcomes.refusal, outcomes.has_stored) == ("the spool is full for plex", True)


def test_what_is_stored_of_a_source_ends_its_refusal() -> None:
    outcomes = RecentResults(clock=Clock())

    outcomes.note_refused("plex", "the disk is full")
    outcomes.note_stored("plex")

    assert (outcomes.refusal, outcomes.has_stored) == (None, True)


async def test_an_attempt_is_made_once_a_moment() -> None:
    clock, answers = Clock(), iter(["the disk is full", None])

    async def attempt() -> str | None:
        return next(answers)

    remembered = RememberedCheck(attempt, clock=clock)
    found = [await remembered.problem(), await remembered.problem()]
    clock.now = LATER
    found.append(await remembered.problem())

    assert found == ["the disk is full", "the disk is full", None]
