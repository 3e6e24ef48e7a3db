"""What a route takes in its query."""

from typing import Annotated

import pytest
from litestar import Litestar, get
from litestar.di import NamedDependency, Provide
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.routes import HTTPRoute

from services.gateway.parameters import check_query, outer_names, query_of
from shared.errors import InvalidError

Kind = Annotated[str | None, QueryParameter(name="type")]


def inner(kind: Kind = None) -> str:
    return kind or ""


def wanted(filtered: NamedDependency[str], year: FromQuery[int] = 0) -> str:
    return f"{filtered}{year}"


def not_asked_for(never: FromQuery[int]) -> int:
    return never


@get("/things/{thing_id:str}")
async def things(thing_id: FromPath[str], wish: NamedDependency[str], tag: FromQuery[list[str]]) -> str:
    return f"{thing_id}{wish}{tag}"


@pytest.fixture
def handler() -> BaseRouteHandler:
    dependencies = {
        "wish": Provide(wanted, sync_to_thread=False),
        "filtered": Provide(inner, sync_to_thread=False),
        "unused": Provide(not_asked_for, sync_to_thread=False),
    }
    app = Litestar([things], dependencies=dependencies, openapi_config=None)
    [route] = [route for route in app.routes if isinstance(route, HTTPRoute)]
    return route.route_handler_map["GET"][0]


def test_what_arguments_are_made_of_is_found_however_deep(handler: BaseRouteHandler) -> None:
    assert set(query_of(handler)) == {"type", "year", "tag"}
    assert outer_names(handler)["kind"] == "type"


@pytest.mark.parametrize("query", [b"", b"type=movie&year=1", b"tag=a&tag=b", b"type="])
def test_what_is_taken_passes(handler: BaseRouteHandler, query: bytes) -> None:
    check_query(handler, query)

    assert "type" in query_of(handler)


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        (b"kind=movie", ["kind"]),
        (b"thing_id=1", ["thing_id"]),
        (b"never=1", ["never"]),
        (b"type=a&type=b", ["type"]),
        (b"a=1&a=1&%FF=1", ["a", "\ufffd"]),
        (b"&".join(b"x%d=" % number for number in range(300)), [f"x{number}" for number in range(20)]),
    ],
)
def test_what_is_not_taken_is_named(handler: BaseRouteHandler, query: bytes, paths: list[str]) -> None:
    with pytest.raises(InvalidError) as caught:
        check_query(handler, query)

    assert [fault.path for fault in caught.value.faults] == paths
