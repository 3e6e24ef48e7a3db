"""Whatever goes wrong, the answer is problem+json that says what, without internals or secrets."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated, NoReturn

import pytest
from litestar import Litestar, get, post
from litestar.exceptions import InternalServerException, ServiceUnavailableException
from litestar.params import FromPath, QueryParameter
from litestar.testing import AsyncTestClient
from structlog.testing import capture_logs

from services.gateway import problems
from services.gateway.problems import ClientGoneError
from shared.errors import Fault, InvalidError, ThrottledError, TooLargeError, UnauthorizedError, UnavailableError

ERRORS: dict[str, Exception] = {
    "invalid": InvalidError("that is wrong", faults=(Fault("items[0].name", "is missing"),)),
    "unauthorized": UnauthorizedError("who are you?"),
    "too-large": TooLargeError("much too large"),
    "away": UnavailableError("NATS is away"),
    "throttled": ThrottledError("not so fast", retry_after=timedelta(seconds=1.2)),
    "gone": ClientGoneError("it hung up"),
    "gone-too": InternalServerException("client disconnected prematurely"),
    "bug": ZeroDivisionError("secret-of-the-inside"),
    "server": ServiceUnavailableException("secret-of-the-inside"),
}


@get("/raise/{name:str}")
async def fail(name: FromPath[str]) -> NoReturn:
    raise ERRORS[name]


@get("/number")
async def number(n: Annotated[int, QueryParameter(ge=1)]) -> int:
    return n


@post("/webhooks/{source:str}/{secret:str}")
async def hook(source: FromPath[str], secret: FromPath[str]) -> NoReturn:
    raise UnauthorizedError(f"no valid secret for {source}" if secret else "none")


@pytest.fixture
async def client() -> AsyncIterator[AsyncTestClient[Litestar]]:
    app = Litestar([fail, number, hook], exception_handlers=problems.handlers())
    async with AsyncTestClient(app, raise_server_exceptions=False) as client:
        yield client


async def test_an_error_of_ours_says_its_status_title_detail_and_faults(client: AsyncTestClient[Litestar]) -> None:
    answer = await client.get("/raise/invalid")

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "title": "Invalid input",
        "status": 400,
        "detail": "that is wrong",
        "instance": "/raise/invalid",
        "errors": [{"path": "items[0].name", "message": "is missing"}],
    }


@pytest.mark.parametrize(
    ("name", "status", "header", "value"),
    [
        ("away", 503, "retry-after", "5"),
        ("throttled", 429, "retry-after", "2"),
        ("too-large", 413, "connection", "close"),
        ("unauthorized", 401, "www-authenticate", "Bearer"),
    ],
)
async def test_some_errors_say_more_in_a_header(
    client: AsyncTestClient[Litestar], name: str, status: int, header: str, value: str
) -> None:
    answer = await client.get(f"/raise/{name}")

    assert answer.status_code == status
    assert answer.headers[header] == value


@pytest.mark.parametrize("name", ["gone", "gone-too"])
async def test_a_client_that_hung_up_is_no_error_of_the_server(client: AsyncTestClient[Litestar], name: str) -> None:
    with capture_logs() as logs:
        answer = await client.get(f"/raise/{name}")

    assert answer.status_code == 499
    assert logs == []


@pytest.mark.parametrize("name", ["bug", "server"])
async def test_a_bug_tells_nothing_but_a_trace_id(client: AsyncTestClient[Litestar], name: str) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    with capture_logs() as logs:
        answer = await client.get(f"/raise/{name}", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["trace_id"] == trace
    assert "secret-of-the-inside" not in answer.text
    assert [(entry["event"], entry["trace_id"]) for entry in logs] == [("request_failed", trace)]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("PUT", "/number", 405), ("GET", "/webhooks/plex/x", 405)]
)
async def test_a_wrong_address_or_method_is_a_problem_too(
    client: AsyncTestClient[Litestar], method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


async def test_a_method_not_allowed_names_those_that_are(client: AsyncTestClient[Litestar]) -> None:
    answer = await client.delete("/number")

    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("query", ["n=zero", "n=0"])
async def test_a_wrong_parameter_is_named_without_repeating_the_address(
    client: AsyncTestClient[Litestar], query: str
) -> None:
    answer = await client.get(f"/number?{query}&token=hush")

    assert answer.status_code == 400
    assert [fault["path"] for fault in answer.json()["errors"]] == ["n"]
    assert "hush" not in answer.text


async def test_a_missing_parameter_is_named_without_repeating_the_address(client: AsyncTestClient[Litestar]) -> None:
    answer = await client.get("/number?token=hush")

    assert answer.status_code == 400
    assert answer.json()["detail"] == "Missing required query parameter 'n'"
    assert answer.json()["errors"] == [{"path": "n", "message": "is missing"}]
    assert "hush" not in answer.text


async def test_the_secret_in_a_webhooks_path_is_not_repeated(client: AsyncTestClient[Litestar]) -> None:
    answer = await client.post("/webhooks/plex/hush")

    assert answer.json()["instance"] == "/webhooks/plex"
    assert "hush" not in answer.text
