"""Our client of a Plex server against the stand-in."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from shared.clients.errors import CredentialRefusedError
from shared.clients.plex_app import PlexApp
from shared.clients.plex_server import PlexServer
from shared.http.calls import RefusedError
from shared.http.upstream import Upstream
from shared.schemas.secret import Secret
from simulators.determinism import Clock, Ids
from simulators.plex_server.app import PlexServer as StandIn
from simulators.plex_tv.accounts import Accounts
from simulators.serving import serving

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Attic:
    """A server with two libraries, its owner, and a friend it is shared with."""

    def __init__(self) -> None:
        self.clock = Clock(NOON)
        self.accounts = Accounts(self.clock, Ids())
        self.owner, self.friend = self.accounts.add("owner"), self.accounts.add("friend")
        self.device = self.accounts.add_server("Attic", owner=self.owner, uris=[])
        self.owners_token = self.accounts.sign_in(self.owner)
        self.friends_token = self.accounts.share(self.device, self.friend)
        self.app = StandIn(self.accounts, self.device, clock=self.clock)
        library = self.app.library
        films, series = library.add_section("movie", "Films"), library.add_section("show", "Series")
        self.matrix = library.add_movie(films, "The Matrix", year=1999, tmdb_id=603)
        self.clock.advance(timedelta(hours=1))
        library.add_movie(films, "Heat & Ice", year=1995)
        library.add_show(series, "Breaking Bad", year=2008, episodes=(2, 1))


@pytest.fixture
def attic() -> Attic:
    return Attic()


@pytest.fixture
async def url(attic: Attic) -> AsyncIterator[str]:
    async with serving(attic.app) as address:
        yield address


def client(http: httpx.AsyncClient, url: str, token: str) -> PlexServer:
    return PlexServer(http, Upstream("Attic"), app=PlexApp(client_id="usher-1"), url=url, token=Secret(token))


@pytest.fixture
def plex(http: httpx.AsyncClient, url: str, attic: Attic) -> PlexServer:
    return client(http, url, attic.friends_token)


async def test_the_server_says_who_it_is_without_a_token(http: httpx.AsyncClient, url: str, attic: Attic) -> None:
    identity = await client(http, url, "wrong").identity()

    assert identity.machine_id == attic.device.machine_id
    assert not [request for request in attic.app.seen if request.header("x-plex-token")]


async def test_a_library_is_read_page_by_page(plex: PlexServer) -> None:
    libraries = await plex.libraries()
    pages = [await plex.items(libraries[0].id, start=start, size=1) for start in (0, 1, 2)]
    episodes = await plex.items(libraries[1].id, kind="episode")

    assert [(library.title, library.type) for library in libraries] == [("Films", "movie"), ("Series", "show")]
    assert [page.total for page in pages] == [2, 2, 2]
    assert [[item.title for item in page.items] for page in pages] == [["Heat & Ice"], ["The Matrix"], []]
    assert pages[1].items[0].guids == ("tmdb://603",)
    assert [(item.show, item.season, item.episode) for item in episodes.items] == [
        ("Breaking Bad", 1, 1),
        ("Breaking Bad", 2, 1),
        ("Breaking Bad", 1, 2),
    ]


async def test_what_is_new_comes_first(plex: PlexServer) -> None:
    found = await plex.recently_added(size=3)

    assert [(item.title, item.show) for item in found.items] == [
        ("Season 2", "Breaking Bad"),
        ("Season 1", "Breaking Bad"),
        ("Heat & Ice", None),
    ]


async def test_a_search_for_reserved_characters_finds_them(plex: PlexServer) -> None:
    assert [item.title for item in await plex.search("heat & i")] == ["Heat & Ice"]
    assert await plex.search("nothing+of+the+kind") == []


async def test_only_the_owner_sees_who_watches(
    http: httpx.AsyncClient, url: str, attic: Attic, plex: PlexServer
) -> None:
    attic.app.library.play(attic.matrix, account_id=attic.friend.id, name="friend", offset=timedelta(minutes=5))

    sessions = await client(http, url, attic.owners_token).sessions()
    with pytest.raises(RefusedError) as raised:
        await plex.sessions()

    assert [(session.item.title, session.username, session.state, session.position_ms) for session in sessions] == [
        ("The Matrix", "friend", "playing", 300_000)
    ]
    assert raised.value.answered == 403


async def test_a_token_that_was_taken_back_is_dead(attic: Attic, plex: PlexServer) -> None:
    attic.accounts.unshare(attic.device, attic.friend)

    with pytest.raises(CredentialRefusedError):
        await plex.libraries()


async def test_a_library_that_is_not_there_is_refused(plex: PlexServer) -> None:
    with pytest.raises(RefusedError) as raised:
        await plex.items("99")

    assert raised.value.answered == 404
