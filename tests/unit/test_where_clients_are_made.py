"""What imports cannot show: clients of other systems come from the one factory, so no call bypasses its limits."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

REPOSITORY: Final = Path(__file__).parents[2]
FACTORY: Final = "shared/upstreams/"
CLIENTS: Final = {"PlexTv", "PlexServer", "Jellyfin", "Emby", "Seerr", "Trakt", "Discord"}


def made_in(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)) if name in CLIENTS:
                yield name
            case _:
                pass


def test_only_the_factory_makes_clients_of_other_systems() -> None:
    modules = (path for part in ("cli", "services", "shared") for path in (REPOSITORY / part).rglob("*.py"))

    elsewhere = {
        name: found
        for path in modules
        if not (name := path.relative_to(REPOSITORY).as_posix()).startswith(FACTORY)
        and (found := list(made_in(path.read_text(encoding="utf-8"))))
    }

    assert elsewhere == {}


@pytest.mark.parametrize(
    ("source", "expected"),
    [("PlexTv(http, upstream)", ["PlexTv"]), ("plex_tv.PlexTv(http)", ["PlexTv"]), ("clients.plex_tv()", [])],
)
def test_a_client_that_is_made_is_seen(source: str, expected: list[str]) -> None:
    assert list(made_in(source)) == expected
