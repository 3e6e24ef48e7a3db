import pytest

from shared.bus.storage import StreamState, failure_of, problem

MIB = 1024 * 1024
PATH = "/data/jetstream/$G/streams/WEBHOOKS/msgs/1.blk"


@pytest.mark.parametrize(
    ("description", "words"),
    [
        (f"write {PATH}: no space left on device", "the disk is full (no space left on device)"),
        (f"write {PATH}: disk quota exceeded", "the disk is full (disk quota exceeded)"),
        (f"sync {PATH}: input/output error", "the disk fails (input/output error)"),
        (f"open {PATH}: read-only file system", "the disk fails (read-only file system)"),
    ],
)
def test_a_write_that_failed_is_told_in_words(description: str, words: str) -> None:
    assert str(failure_of(description)).startswith(words)


@pytest.mark.parametrize("description", ["", "stream store EOF", "no message found", "stream not found"])
def test_all_else_is_no_failure(description: str) -> None:
    assert failure_of(description) is None


@pytest.mark.parametrize(
    ("used", "limit", "is_full"),
    [
        (0, 2048 * MIB, False),
        (1800 * MIB, 2048 * MIB, False),
        (1844 * MIB, 2048 * MIB, True),
        (700_000, MIB, False),
        (900_000, MIB, True),
        (10_000, 10_000, True),
        (10 * MIB, 0, False),
    ],
)
def test_a_stream_is_full_where_little_more_has_room(used: int, limit: int, *, is_full: bool) -> None:
    state = StreamState(name="EVENTS", bytes=used, limit=limit)

    assert state.is_full == is_full
    assert (problem(state) is not None) == is_full


def test_a_problem_names_the_stream_and_the_mend() -> None:
    stopped = problem(StreamState(name="DEAD", failure=failure_of(f"write {PATH}: no space left on device")))
    missing = problem(StreamState(name="DEAD", failure="stream not found"))

    assert stopped is not None
    assert stopped.text.startswith("the stream DEAD stores nothing: the disk is full")
    assert stopped.mend.startswith("make room on the disk of NATS")
    assert missing is not None
    assert "restart a service" in missing.mend
