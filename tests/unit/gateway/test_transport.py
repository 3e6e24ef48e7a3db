"""A connection to a slow client, with a clock that is moved by hand."""

import asyncio
from collections.abc import Callable

import pytest

from services.gateway.transport import WatchedTransport


class FakeTimer:
    def __init__(self, call: Callable[[], None]) -> None:
        self.call = call
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class FakeLoop:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.timers: list[FakeTimer] = []

    def call_later(self, _delay: float, call: Callable[[], None]) -> FakeTimer:
        self.timers.append(FakeTimer(call))
        return self.timers[-1]

    def pass_deadline(self) -> None:
        timers, self.timers = self.timers, []
        for timer in timers:
            if not timer.is_cancelled:
                timer.call()


class FakeConnection(asyncio.Transport):
    """The system's side: holds what the client has not read."""

    def __init__(self) -> None:
        super().__init__()
        self.untaken = b""
        self.is_closed = False
        self.is_aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.untaken += bytes(data)

    def get_write_buffer_size(self) -> int:
        return len(self.untaken)

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_aborted = True

    def is_closing(self) -> bool:
        return self.is_closed or self.is_aborted


@pytest.fixture
def loop() -> FakeLoop:
    return FakeLoop()


@pytest.fixture
def connection() -> FakeConnection:
    return FakeConnection()


@pytest.fixture
def transport(connection: FakeConnection, loop: FakeLoop) -> WatchedTransport:
    return WatchedTransport(connection, loop, deadline=10)  # type: ignore[arg-type]


def test_who_takes_nothing_until_the_deadline_is_cut_off(
    transport: WatchedTransport, connection: FakeConnection, loop: FakeLoop
) -> None:
    transport.write(b"answer")

    loop.pass_deadline()

    assert connection.is_aborted


def test_who_takes_a_byte_now_and_then_may_stay(
    transport: WatchedTransport, connection: FakeConnection, loop: FakeLoop
) -> None:
    transport.write(b"answer")
    while connection.untaken:
        connection.untaken = connection.untaken[1:]
        loop.pass_deadline()

    assert not connection.is_aborted
    assert loop.timers == []


def test_what_was_written_meanwhile_is_no_sign_that_something_was_taken(
    transport: WatchedTransport, connection: FakeConnection, loop: FakeLoop
) -> None:
    transport.write(b"first")
    connection.untaken = connection.untaken[1:]
    loop.pass_deadline()
    transport.write(b"second")

    loop.pass_deadline()

    assert connection.is_aborted


def test_what_was_written_just_now_has_its_own_time(
    transport: WatchedTransport, connection: FakeConnection, loop: FakeLoop
) -> None:
    transport.write(b"first")
    connection.untaken = b""
    transport.write(b"second")

    loop.pass_deadline()

    assert not connection.is_aborted


def test_who_takes_nothing_of_a_closed_connection_is_cut_off_too(
    transport: WatchedTransport, connection: FakeConnection, loop: FakeLoop
) -> None:
    transport.write(b"answer")
    transport.close()

    loop.pass_deadline()

    assert connection.is_aborted


@pytest.mark.parametrize("data", [b"", b"answer"])
def test_nothing_is_written_to_a_closed_connection(
    transport: WatchedTransport, connection: FakeConnection, loop: FakeLoop, data: bytes
) -> None:
    transport.close()

    transport.write(data)

    assert (connection.untaken, loop.timers) == (b"", [])


def test_a_lost_connection_is_looked_at_no_more(
    transport: WatchedTransport, connection: FakeConnection, loop: FakeLoop
) -> None:
    transport.write(b"answer")
    transport.end_watch()

    loop.pass_deadline()

    assert not connection.is_aborted
