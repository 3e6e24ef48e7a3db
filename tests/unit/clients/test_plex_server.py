"""A Plex server: libraries, titles, sessions, search."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from shared.clients.errors import CredentialRefusedError
from shared.clients.plex_app import PlexApp
from shared.clients.plex_server import PlexServer, ServerIdentity
from shared.http.calls import RefusedError
from shared.http.upstream import Upstream
from shared.schemas.plex import Item, Library, Session
from shared.schemas.secret import Secret
from tests.unit.clients.scripted import Scripted, good, page

EPISODE: dict[str, Any] = {
    "ratingKey": "205",
    "key": "/library/metadata/205",
    "type": "episode",
    "title": "Ozymandias",
    "grandparentTitle": "Breaking Bad",
    "parentTitle": "Season 5",
    "parentIndex": 5,
    "index": 14,
    "year": 2013,
    "addedAt": 1795000000,
    "duration": 2852000,
    "viewOffset": 60000,
    "guid": "plex://episode/5d9c",
    "Guid": [{"id": "imdb://tt2301451"}, {"id": "tmdb://62161"}, {}],
}
SERIES = Library(id="2", title="Series", type="show", agent="tv.plex.agents.series")


def contained(**content: Any) -> httpx.Response:
    return good({"MediaContainer": content})


def plex(server: Scripted) -> PlexServer:
    return PlexServer(
        server.http,
        Upstream("Attic"),
        app=PlexApp(client_id="usher-1"),
        url="http://attic:32400/",
        token=Secret("server-token"),
    )


async def test_who_answers_is_asked_without_the_token() -> None:
    server = Scripted(contained(machineIdentifier="m1", version="1.43.0", claimed=True, size=0))

    identity = await plex(server).identity()

    assert identity == ServerIdentity("m1", "1.43.0")
    assert str(server.last.url) == "http://attic:32400/identity"
    assert "X-Plex-Token" not in server.last.headers


async def test_an_address_where_something_else_answers_is_refused() -> None:
    with pytest.raises(RefusedError, match="which server"):
        await plex(Scripted(contained(size=0))).identity()


async def test_libraries_are_listed() -> None:
    server = Scripted(
        contained(
            size=2,
            Directory=[
                {"key": "1", "title": "Films", "type": "movie", "agent": "tv.plex.agents.movie"},
                {"key": "2", "title": "Series", "type": "show", "agent": "tv.plex.agents.series", "refreshing": False},
            ],
        )
    )

    libraries = await plex(server).libraries()

    assert libraries == [Library(id="1", title="Films", type="movie", agent="tv.plex.agents.movie"), SERIES]
    assert server.last.headers["X-Plex-Token"] == "server-token"
    assert server.last.headers["Accept"] == "application/json"


async def test_a_page_says_how_many_there_are() -> None:
    server = Scripted(contained(size=1, totalSize=4711, offset=50, Metadata=[EPISODE]))

    found = await plex(server).items("2", start=50, size=25, kind="episode")

    assert found.total == 4711
    assert found.items == [
        Item(
            id="205",
            type="episode",
            title="Ozymandias",
            show="Breaking Bad",
            season=5,
            episode=14,
            year=2013,
            added_at=datetime(2026, 11, 18, 11, 6, 40, tzinfo=UTC),
            duration_ms=2852000,
            guid="plex://episode/5d9c",
            guids=("imdb://tt2301451", "tmdb://62161"),
        )
    ]
    assert dict(server.last.url.params) == {
        "X-Plex-Container-Start": "50",
        "X-Plex-Container-Size": "25",
        "includeGuids": "1",
        "type": "4",
    }


async def test_an_empty_library_has_no_lists() -> None:
    found = await plex(Scripted(contained(size=0))).items("2")

    assert (found.items, found.total) == ([], 0)


async def test_a_library_stays_one_part_of_the_path() -> None:
    server = Scripted(contained(size=0))

    await plex(server).items("2/../../accounts?x=")

    assert server.last.url.raw_path.startswith(b"/library/sections/2%2F..%2F..%2Faccounts%3Fx%3D/all?")


async def test_what_is_new_is_asked_of_all_libraries_at_once() -> None:
    server = Scripted(contained(size=1, Metadata=[EPISODE]))

    found = await plex(server).recently_added(start=20, size=10)

    assert [item.id for item in found.items] == ["205"]
    assert found.total == 21
    assert server.last.url.params["X-Plex-Container-Start"] == "20"
    assert server.last.url.path == "/library/recentlyAdded"
    assert server.last.url.params["X-Plex-Container-Size"] == "10"


async def test_a_session_says_who_watches_what_where() -> None:
    server = Scripted(
        contained(
            size=1,
            Metadata=[
                {
                    **EPISODE,
                    "User": {"id": 1, "title": "anna"},
                    "Player": {"title": "Living room", "state": "paused", "address": "192.168.1.9"},
                    "Session": {"id": "s1", "bandwidth": 100},
                }
            ],
        )
    )

    sessions = await plex(server).sessions()

    assert sessions == [
        Session(
            item=sessions[0].item,
            user_id="1",
            username="anna",
            player="Living room",
            state="paused",
            position_ms=60000,
        )
    ]
    assert sessions[0].item.title == "Ozymandias"


async def test_a_session_of_nobody_is_a_session() -> None:
    sessions = await plex(Scripted(contained(size=1, Metadata=[EPISODE]))).sessions()

    assert (sessions[0].user_id, sessions[0].player) == (None, None)


async def test_a_search_finds_titles_once_and_leaves_people_out() -> None:
    movie = {"ratingKey": "101", "type": "movie", "title": "The Matrix"}
    server = Scripted(
        contained(
            size=3,
            Hub=[
                {"type": "movie", "Metadata": [movie]},
                {"type": "actor", "Directory": [{"tag": "Keanu"}]},
                {"type": "movie", "Metadata": [movie, {"type": "tag", "title": "Matrix"}]},
            ],
        )
    )

    items = await plex(server).search("the matrix & more", limit=5)

    assert [(item.id, item.title) for item in items] == [("101", "The Matrix")]
    assert server.last.url.raw_path == b"/hubs/search?query=the%20matrix%20%26%20more&limit=5"


async def test_a_season_says_which_show_it_is_of() -> None:
    season = {"ratingKey": "9", "type": "season", "title": "Season 5", "parentTitle": "Breaking Bad", "index": 5}

    found = await plex(Scripted(contained(size=1, Metadata=[season]))).items("2", kind="season")

    assert (found.items[0].show, found.items[0].season, found.items[0].episode) == ("Breaking Bad", 5, None)


async def test_a_refused_token_is_distinguished_from_its_page() -> None:
    with pytest.raises(CredentialRefusedError):
        await plex(Scripted(page(401))).libraries()


async def test_the_sessions_of_others_are_the_owners() -> None:
    with pytest.raises(RefusedError) as raised:
        await plex(Scripted(page(403))).sessions()

    assert raised.value.answered == 403


async def test_a_title_of_control_characters_is_cleaned() -> None:
    found = await plex(Scripted(contained(size=1, Metadata=[{"ratingKey": "1", "title": "a\x00\x1b[31mb"}]))).items("1")

    assert found.items[0].title == "a [31mb"


async def test_a_server_that_sends_more_than_was_asked_for_is_cut_short() -> None:
    titles = [{"ratingKey": str(number), "title": "again"} for number in range(9)]

    found = await plex(Scripted(contained(size=9, Metadata=titles))).items("1", size=2)

    assert [item.id for item in found.items] == ["0", "1"]
    assert found.total == 9


async def test_numbers_that_are_none_are_left_out() -> None:
    title = {"ratingKey": "1", "year": 10**30, "duration": -5, "Guid": [{"id": f"imdb://tt{n}"} for n in range(99)]}

    item = (await plex(Scripted(contained(Metadata=[title]))).items("1")).items[0]

    assert (item.year, item.duration_ms, len(item.guids)) == (None, None, 20)
