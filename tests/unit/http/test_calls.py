"""How answers and failures become errors: which one, how long to wait, and no secret in the text."""

import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentError, TransientError, UsherError
from shared.http.calls import (
    LONGEST_WAIT,
    FailingError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
    decode,
    retry_after,
    translate_errors,
)

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TOKEN = "canary-token-0815"
URL = f"http://attic:32400/library?X-Plex-Token={TOKEN}"


class Movie(msgspec.Struct, frozen=True):
    title: str
    year: int


def answering(status: int, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _request: httpx.Response(status, headers=headers)


def raising(error: Exception) -> Callable[[httpx.Request], httpx.Response]:
    def answer(_request: httpx.Request) -> httpx.Response:
        raise error

    return answer


async def failure(answer: Callable[[httpx.Request], httpx.Response], url: str = URL) -> UsherError:
    """Return a call's error; neither its text nor its traceback may hold the token."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        with pytest.raises(UsherError) as raised, translate_errors("Plex"):
            (await http.get(url)).raise_for_status()
    assert TOKEN not in "".join(traceback.format_exception(raised.value))
    return raised.value


@pytest.mark.parametrize("status", [408, 425, 500, 501, 502, 503, 504, 520, 599])
async def test_a_server_that_does_not_work_is_worth_another_try(status: int) -> None:
    error = await failure(answering(status))

    assert isinstance(error, FailingError)
    assert isinstance(error, TransientError)
    assert error.detail == f"Plex answered {status}"
    assert error.retry_after is None


async def test_a_server_that_names_a_time_is_asked_again_then() -> None:
    error = await failure(answering(503, **{"Retry-After": "120"}))

    assert isinstance(error, FailingError)
    assert error.retry_after == timedelta(seconds=120)


async def test_too_many_requests_is_a_wait_and_no_failure_of_the_server() -> None:
    error = await failure(answering(429, **{"Retry-After": "1.5"}))

    assert isinstance(error, RateLimitedError)
    assert not isinstance(error, FailingError)
    assert error.retry_after == timedelta(seconds=1.5)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 410, 420, 422, 423, 451])
async def test_a_no_is_a_no(status: int) -> None:
    error = await failure(answering(status))

    assert isinstance(error, RefusedError)
    assert isinstance(error, PermanentError)
    assert error.answered == status
    assert str(status) in error.detail
    assert error.status == 502


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_names_no_target(status: int) -> None:
    error = await failure(answering(status, Location=f"http://169.254.169.254/{TOKEN}"))

    assert isinstance(error, RefusedError)
    assert error.answered == status
    assert "169.254" not in error.detail


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("All connection attempts failed"), httpx.ConnectTimeout("timed out")]
)
async def test_no_connection_is_worth_another_try(error: Exception) -> None:
    assert isinstance(await failure(raising(error)), UnreachableError)


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout(""),
        httpx.WriteTimeout(""),
        httpx.ReadError(""),
        httpx.WriteError(""),
        httpx.RemoteProtocolError("Server disconnected without sending a response."),
    ],
)
async def test_a_broken_conversation_is_worth_another_try(error: Exception) -> None:
    outcome = await failure(raising(error))

    assert isinstance(outcome, FailingError)
    assert not isinstance(outcome, UnreachableError)


async def test_every_way_of_not_getting_an_answer_has_the_same_text() -> None:
    errors = [httpx.ConnectError(""), httpx.ConnectTimeout(""), httpx.ReadTimeout(""), httpx.RemoteProtocolError("")]

    texts = {(await failure(raising(error))).detail for error in errors}

    assert texts == {"Plex is out of reach or does not answer as it should"}


async def test_a_full_pool_is_not_the_servers_fault() -> None:
    error = await failure(raising(httpx.PoolTimeout("")))

    assert isinstance(error, TransientError)
    assert not isinstance(error, FailingError)


@pytest.mark.parametrize(
    "error",
    [
        httpx.LocalProtocolError(f"Illegal header value b'{TOKEN}\\n'"),
        httpx.UnsupportedProtocol(f"ftp://{TOKEN}"),
        httpx.InvalidURL(f"Invalid port: '{TOKEN}'"),
    ],
)
async def test_what_cannot_be_sent_is_permanent_and_not_repeated(error: Exception) -> None:
    outcome = await failure(raising(error))

    assert isinstance(outcome, RefusedError)
    assert outcome.answered is None


async def test_an_unreadable_answer_is_permanent() -> None:
    outcome = await failure(raising(httpx.DecodingError("it ends too early")))

    assert isinstance(outcome, RefusedError)
    assert outcome.detail == "Plex sent an answer that cannot be read: it ends too early"


async def test_the_cause_is_kept_for_the_log() -> None:
    cause = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]")

    assert (await failure(raising(cause))).__cause__ is cause


def test_our_own_errors_pass_as_they_are() -> None:
    own = PermanentError("no such person")

    with pytest.raises(PermanentError) as raised, translate_errors("Plex"):
        raise own

    assert raised.value is own


def test_a_decode_error_of_the_clients_own_is_translated_too() -> None:
    with (
        pytest.raises(RefusedError, match="Plex sent an answer that Usher does not understand"),
        translate_errors("Plex"),
    ):
        msgspec.json.decode(b"{", type=Movie)


def test_an_answer_is_decoded() -> None:
    response = httpx.Response(200, content=b'{"title": "Alien", "year": 1979, "more": []}')

    assert decode(response, Movie, api="Seerr") == Movie("Alien", 1979)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>Sign in</html>",
        b"[]",
        b"null",
        b'{"title": "Alien"}',
        b'{"title": "Alien", "year": "soon"}',
        b'{"title": "\xff", "year": 1979}',
        b'{"title": "\\ud800", "year": 1979}',
        b'{"title": "Alien", "year": ' + b"9" * 10_000 + b"}",
        b'{"title": "Alien", "year": 1e400}',
        b'{"more": ' + b"[" * 100_000,
        b"[" * 10_000 + b"]" * 10_000,
        b"\x00",
        b"\xef\xbb\xbf{}",
    ],
)
def test_an_odd_answer_is_permanent(content: bytes) -> None:
    with pytest.raises(RefusedError) as raised:
        decode(httpx.Response(200, content=content), Movie, api="Seerr")

    assert raised.value.detail.startswith("Seerr sent an answer that Usher does not understand: ")
    assert len(raised.value.detail) < 300


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(content: bytes) -> None:
    try:
        outcome: object = decode(httpx.Response(200, content=content), Movie, api="Seerr")
    except RefusedError as refused:
        outcome = refused

    assert isinstance(outcome, Movie | RefusedError)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", timedelta()),
        ("120", timedelta(minutes=2)),
        (" 7 ", timedelta(seconds=7)),
        ("0.25", timedelta(milliseconds=250)),
        ("Sat, 21 Nov 2026 12:01:00 GMT", timedelta(minutes=1)),
        ("Sat, 21 Nov 2026 13:01:00 +0100", timedelta(minutes=1)),
        ("Sat, 21 Nov 2026 12:01:00 -0000", timedelta(minutes=1)),
        ("Sat, 21 Nov 2020 12:01:00 GMT", timedelta()),
        ("999999999999", LONGEST_WAIT),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("nan", None),
        ("inf", None),
        ("1_000", None),
        ("١٢", None),
        ("1" * 5000, None),
        ("Sat, 99 Nov 2026 12:01:00 GMT", None),
        ("Sat, 21 Nov 99999 12:01:00 GMT", None),
        ("Sat, 21 Nov 2026 12:01:00 +9999", None),
        ("Sat, 21 Nov 99999999999999999999 12:01:00 GMT", None),
        ("Sat, 21 Nov 2026 12:01:00 +999999999999999", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, expected: timedelta | None) -> None:
    assert retry_after(value, now=NOW) == expected


@given(st.text(max_size=60) | st.floats().map(str) | st.integers().map(str) | st.datetimes().map(str))
def test_retry_after_of_any_text_is_bounded(value: str) -> None:
    wait = retry_after(value, now=NOW)

    assert wait is None or timedelta() <= wait <= LONGEST_WAIT
