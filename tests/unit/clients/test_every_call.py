"""What all calls of all clients share: how they fail, that they are made once, and what they never reveal."""

import inspect
import traceback
from collections.abc import Callable
from typing import Final

import httpx
import pytest

from shared.clients.errors import CredentialRefusedError
from shared.errors import PermanentError, TransientError, UsherError
from shared.http.calls import FailingError, RateLimitedError, RefusedError, UnreachableError
from tests.catalogue import CALLS, CANARY, CLIENTS, Call, Recorder, over

UNREAD: Final = frozenset(
    {
        "ping",
        "replace_webhooks",
        "sign_out",
        "revoke",
        "edit_original",
        "follow_up",
        "overwrite_commands",
        "save_notification_settings",
        "give_plex_token",
        "try_to_write",
    }
)
"""Calls whose answer only says that they succeeded."""

every_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.system}.{call.name}")


async def failure(call: Call, answer: Callable[[httpx.Request], httpx.Response]) -> UsherError:
    """Return a call's error; neither its text nor its traceback may show a secret."""
    async with over(answer) as http:
        with pytest.raises(UsherError) as raised:
            await call.make(http)
    assert CANARY not in "".join(traceback.format_exception(raised.value))
    return raised.value


async def outcome(call: Call, answer: Callable[[httpx.Request], httpx.Response]) -> object:
    """Return a call's result, or the error that it raises."""
    async with over(answer) as http:
        try:
            return await call.make(http)
        except UsherError as exc:
            return exc


def answering(status: int, content: bytes = b"", **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _request: httpx.Response(status, content=content, headers=headers)


@pytest.mark.parametrize("system", CLIENTS)
def test_the_catalogue_has_every_call(system: str) -> None:
    calls = {name for name, value in vars(CLIENTS[system]).items() if inspect.iscoroutinefunction(value)}

    assert {call.name for call in CALLS if call.system == system} == {name for name in calls if name[0] != "_"}


@every_call
async def test_a_good_answer_is_taken(call: Call) -> None:
    recorder = Recorder(call)

    async with over(recorder) as http:
        await call.make(http)

    assert recorder.asked


@every_call
async def test_no_address_holds_a_token(call: Call) -> None:
    recorder = Recorder(call)

    async with over(recorder) as http:
        await call.make(http)

    assert not [request.url for request in recorder.asked if CANARY in str(request.url)]


@every_call
async def test_a_server_error_is_worth_another_try_and_is_not_tried_here(call: Call) -> None:
    asked = []

    def broken(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(503, headers={"Retry-After": "30", "Content-Type": "text/html"}, content=b"<html>")

    error = await failure(call, broken)

    assert isinstance(error, FailingError)
    assert len(asked) == 1


@every_call
async def test_no_connection_is_worth_another_try(call: Call) -> None:
    def unplugged(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    assert isinstance(await failure(call, unplugged), UnreachableError)


@pytest.mark.parametrize(
    "call",
    [call for call in CALLS if (call.system, call.name) != ("trakt", "device_token")],
    ids=lambda call: f"{call.system}.{call.name}",
)
async def test_too_many_requests_names_the_wait(call: Call) -> None:
    error = await failure(call, answering(429, b"slow down", **{"Retry-After": "7"}))

    assert isinstance(error, RateLimitedError)
    assert error.retry_after is not None
    assert error.retry_after.total_seconds() == 7


@pytest.mark.parametrize("content", [b"", b"null", b"[[[", b"\xff\xfe", b'"text"', b"[" * 100_000])
@every_call
async def test_an_odd_answer_is_refused_or_not_read(call: Call, content: bytes) -> None:
    ended = await outcome(call, answering(200, content))

    assert isinstance(ended, RefusedError) or (ended is None and call.name in UNREAD)


@every_call
async def test_a_web_page_instead_of_data_never_passes_for_data(call: Call) -> None:
    page = answering(200, b"<!doctype html><title>Sign in</title>", **{"Content-Type": "text/html; charset=utf-8"})

    ended = await outcome(call, page)

    assert isinstance(ended, RefusedError | FailingError) or (ended is None and call.name in UNREAD)


@every_call
async def test_a_redirect_is_not_followed(call: Call) -> None:
    error = await failure(call, answering(302, Location="http://169.254.169.254/"))

    assert isinstance(error, RefusedError)


@every_call
async def test_a_refusal_is_permanent_or_says_when(call: Call) -> None:
    for status in (400, 401, 403, 404, 409, 422):
        if (call.system, call.name, status) in {("trakt", "device_token", code) for code in (400, 404, 409)}:
            continue
        error = await failure(call, answering(status, b'{"message": "no"}', **{"Content-Type": "application/json"}))

        assert isinstance(error, PermanentError)
        assert not isinstance(error, TransientError)


@pytest.mark.parametrize(
    ("system", "name"),
    [
        ("plex_tv", "account"),
        ("plex_tv", "resources"),
        ("plex_tv", "ping"),
        ("plex_server", "libraries"),
        ("jellyfin", "me"),
        ("jellyfin", "users"),
        ("emby", "user"),
        ("trakt", "account"),
        ("discord", "application"),
    ],
)
async def test_a_dead_token_is_distinguished_from_other_refusals(system: str, name: str) -> None:
    call = next(call for call in CALLS if (call.system, call.name) == (system, name))

    error = await failure(call, answering(401, b'{"errors": [{"code": 1001}]}'))

    assert isinstance(error, CredentialRefusedError)
    assert error.answered == 401
