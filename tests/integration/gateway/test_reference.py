"""The interactive reference and the schema behind it."""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.contract.openapi import Spec
from tests.integration.gateway.house import House
from tests.integration.gateway.pages import Links

OPEN: Final = {"POST /api/auth/login", "POST /api/auth/plex", "POST /api/auth/plex/check"}
"""The part of the API that needs no credential."""
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def house(modules_house: House) -> House:
    """One for all tests: none of them leaves anything behind."""
    return modules_house


async def schema(house: House) -> Any:
    return (await house.get("/docs/openapi.json", headers={})).json()


def operations(described: Any) -> list[tuple[str, Any]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]


async def test_the_page_loads_nothing_from_outside_and_runs_nothing_inline(house: House) -> None:
    page = await house.get("/docs", headers={})
    links = Links()
    links.feed(page.text)

    assert links.inline == ""
    assert {link for link in links.found if not link.startswith(("docs/", "data:,"))} == set()


async def test_the_policy_allows_what_is_ours_and_nothing_else(house: House) -> None:
    policy = (await house.get("/docs", headers={})).headers["content-security-policy"]

    assert "unsafe" not in policy
    assert re.findall(r"https?:|\*", policy) == []


async def test_an_asset_is_one_of_three(house: House) -> None:
    for name in ("swagger-ui.css.map", "..%2f..%2fplugin.py", "../plugin.py", "%00", "plugin.py"):
        answer = await house.get(f"/docs/assets/{name}", headers={})

        assert answer.status_code == 404, name
        assert answer.headers["content-type"] == "application/problem+json"


async def test_it_is_openapi_3_1(house: House) -> None:
    described = await schema(house)

    assert described["openapi"].startswith("3.1")
    assert described["info"]["title"] == "Usher"


async def test_every_route_has_a_summary_a_description_and_an_example(house: House) -> None:
    for name, operation in operations(await schema(house)):
        assert operation["summary"], name
        assert operation["description"], name
        assert [status for status in operation["responses"] if status.startswith("2")], name
        for status, answer in operation["responses"].items():
            assert answer["description"], (name, status)
            assert bool(answer.get("content")) == (status != "204"), (name, status)
            for media in answer.get("content", {}).values():
                assert examples(media), (name, status)
        for kind, media in operation.get("requestBody", {}).get("content", {}).items():
            assert examples(media), (name, kind)


async def test_every_example_is_what_its_schema_says(house: House) -> None:
    described = await schema(house)
    spec = Spec(described)

    faults = {
        where: found
        for where, media in bodies(described)
        for example in examples(media)
        if (found := spec.faults(media["schema"], example))
    }

    assert faults == {}


def examples(media: Any) -> list[Any]:
    return [example["value"] for example in media.get("examples", {}).values()]


def bodies(described: Any) -> Iterator[tuple[str, Any]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            places = {"requestBody": operation.get("requestBody", {})}
            places |= {f"responses/{status}": answer for status, answer in operation["responses"].items()}
            for place, body in places.items():
                for kind, media in body.get("content", {}).items():
                    yield f"{method} {path} {place} {kind}", media


async def test_every_problem_is_documented_as_one(house: House) -> None:
    for name, operation in operations(await schema(house)):
        for status, answer in operation["responses"].items():
            if int(status) >= 400 and name != "GET /ready":
                assert list(answer["content"]) == ["application/problem+json"], (name, status)


async def test_what_other_systems_refuse_is_documented_where_they_are_asked(house: House) -> None:
    asking = {
        "POST /api/integrations/{provider}/auth/pin",
        "GET /api/integrations/{provider}/auth/pin",
        "POST /api/integrations/{provider}/connect",
        "GET /api/plex/servers",
        "GET /api/plex/{server}/libraries",
    }

    documented = {name for name, operation in operations(await schema(house)) if "502" in operation["responses"]}

    assert asking <= documented


async def test_guarded_routes_say_which_credentials_they_take(house: House) -> None:
    described = await schema(house)

    for name, operation in operations(described):
        is_open = "/api/" not in name or name in OPEN
        assert bool(operation.get("security")) != is_open, name
    assert set(described["components"]["securitySchemes"]) == {"key", "session"}
