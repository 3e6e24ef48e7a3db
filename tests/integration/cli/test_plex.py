"""`usher plex`, against a gateway with canned answers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.folder import ADDRESS, LOCAL_API_KEY, Folder
from cli.plex import app
from shared.schemas.secret import Secret
from tests.integration.cli.gateway import FakeGateway, serving

LIBRARY = {"id": "1", "title": "Movies", "type": "movie", "agent": None}
ITEM = {"id": "1006", "type": "movie", "title": "The \x1b[2JMatrix", "year": 1999, "added_at": "2026-01-31T18:00:00Z"}
SESSION = {"item": ITEM, "user_id": "7", "username": "ann", "player": "TV", "state": "playing", "position_ms": 1}


def page(item: Any) -> dict[str, Any]:
    return {"items": [item], "total": 41, "limit": 50, "offset": 0}


ANSWERS = {
    "GET /api/plex/The%20attic/libraries": page(LIBRARY),
    "GET /api/plex/attic/libraries/1/items": page(ITEM),
    "GET /api/plex/attic/recently-added": page(ITEM),
    "GET /api/plex/attic/search": page(ITEM),
    "GET /api/plex/attic/sessions": page(SESSION),
}
COMMANDS = [
    (["libraries", "The attic"], "/api/plex/The%20attic/libraries", {}, "Movies"),
    (["items", "attic", "1", "--kind", "movie"], "/api/plex/attic/libraries/1/items", {"kind": "movie"}, "1006"),
    (["recent", "attic", "--person", "p1"], "/api/plex/attic/recently-added", {"person": "p1"}, "1999"),
    (["search", "attic", "a & b"], "/api/plex/attic/search", {"query": "a & b"}, "[2JMatrix"),
    (["sessions", "attic"], "/api/plex/attic/sessions", {}, "ann"),
]


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with serving(ANSWERS) as fake:
        yield fake


@pytest.fixture
def environment(gateway: FakeGateway, tmp_path: Path) -> dict[str, str]:
    folder = Folder(str(tmp_path / "data"))
    folder.make()
    folder.keep(LOCAL_API_KEY, lambda: Secret("usha_local"))
    folder.publish(ADDRESS, gateway.address)
    return {"USHER_DATA_DIR": str(folder.path), "USHER_API_KEY": "", "USHER_PUBLIC_URL": "http://127.0.0.1:1"}


@pytest.mark.parametrize(("arguments", "path", "query", "shown"), COMMANDS)
def test_a_command_shows_what_the_gateway_answers(
    arguments: list[str],
    path: str,
    query: dict[str, str],
    shown: str,
    gateway: FakeGateway,
    environment: dict[str, str],
) -> None:
    table = CliRunner().invoke(app, arguments, env=environment)
    printed = CliRunner().invoke(app, [*arguments, "--json"], env=environment)

    assert [(asked.path, asked.query) for asked in gateway.asked] == [
        (path, {"limit": "50", "offset": "0", **query})
    ] * 2
    assert shown in table.output
    assert "1 of 41" in table.output
    assert "\x1b" not in table.output
    assert json.loads(printed.output) == ANSWERS[f"GET {path}"]
