"""Reading a Plex server over the bus: as the server's owner, and as someone who linked an account."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest

from shared.bus.connection import Bus
from shared.bus.questions import ask
from shared.errors import ConflictError, ForbiddenError, NotFoundError, UsherError
from shared.schemas.events import AccountUnlinked, ServerChanged, subject
from shared.schemas.plex import (
    ListItems,
    ListLibraries,
    ListRecentlyAdded,
    ListSessions,
    SearchItems,
)
from shared.schemas.secret import Secret
from simulators.plex_server.app import PlexServer
from simulators.serving import serving
from tests.integration.service import until
from tests.integration.syncer.plex.attic import NOON, Attic, open_attic


@pytest.fixture
async def attic(bus: Bus, database_url: Secret) -> AsyncIterator[Attic]:
    async with open_attic(bus, database_url) as found:
        yield found


async def libraries(bus: Bus, server: str = "Attic", *, person: str | None = None) -> list[str]:
    page = await ask(bus, ListLibraries(server=server, person=person))
    return [library.title for library in page.items]


async def refusal(bus: Bus, server: str = "Attic", *, person: str | None = None) -> UsherError:
    with pytest.raises(UsherError) as raised:
        await libraries(bus, server, person=person)
    return raised.value


@pytest.mark.parametrize("person", [None, "jonas"])
async def test_libraries_are_read_with_the_token_of_whom_it_is_about(
    attic: Attic, bus: Bus, person: str | None
) -> None:
    account = attic.owner if person is None else attic.friend

    found = await libraries(bus, person=person)

    assert found == ["Movies", "Shows"]
    used = {request.header("x-plex-token") for request in attic.plex_server.seen} - {""}
    assert used == {attic.plex_tv.accounts.devices[attic.machine_id].access_tokens[account.id]}


async def test_no_token_is_in_an_address(attic: Attic, bus: Bus) -> None:
    await libraries(bus, person="jonas")

    asked = [*attic.plex_server.seen, *attic.plex_tv.seen]
    assert [request for request in asked if "token" in request.query_string.lower()] == []
    assert {request.header("accept") for request in asked} == {"application/json"}


async def test_a_machine_id_is_as_good_as_a_name(attic: Attic, bus: Bus) -> None:
    assert await libraries(bus, attic.machine_id) == ["Movies", "Shows"]
    assert await libraries(bus, attic.machine_id, person="jonas") == ["Movies", "Shows"]


async def test_a_server_that_nobody_configured_is_read_by_whom_it_is_shared_with(attic: Attic, bus: Bus) -> None:
    accounts = attic.plex_tv.accounts
    cellar = accounts.add_server("plex.tv", owner=accounts.add("stranger"), uris=["https://relay.plex.direct:1"])
    accounts.share(cellar, attic.friend)
    app = PlexServer(accounts, cellar)
    app.library.add_section("movie", "Cellar movies")
    async with serving(app) as url:
        accounts.move(cellar, ["http://127.0.0.1:9", url])

        found = await libraries(bus, cellar.machine_id, person="jonas")

    assert found == ["Cellar movies"]
    assert isinstance(await refusal(bus, cellar.machine_id), NotFoundError)


async def test_an_address_that_leads_to_another_server_is_passed_over(attic: Attic, bus: Bus) -> None:
    other = attic.plex_tv.accounts.add_server("Decoy", owner=attic.owner, uris=[])
    attic.plex_tv.accounts.share(other, attic.friend)
    attic.plex_tv.accounts.move(other, [attic.plex_tv.accounts.devices[attic.machine_id].addresses[-1].uri])

    refused = await refusal(bus, other.machine_id, person="jonas")

    assert refused.status == 503
    assert [request.path for request in attic.plex_server.seen] == ["/identity"]


def lists(attic: Attic, *uris: object, first: object = None) -> None:
    """Let plex.tv list an odd entry first, and then the attic with these addresses."""
    device = {
        "clientIdentifier": attic.machine_id,
        "provides": "server",
        "accessToken": attic.plex_tv.accounts.devices[attic.machine_id].access_tokens[attic.friend.id],
        "connections": [{"uri": uri, "local": True, "address": "[::ffff:192.168.0.67]"} for uri in uris],
        "httpsRequired": True,
    }
    attic.plex_tv.fail_next(
        200,
        path="/api/v2/resources",
        body=msgspec.json.encode([first, device]),
        content_type="application/json",
    )


async def test_an_address_that_cannot_be_read_does_not_keep_from_the_others(attic: Attic, bus: Bus) -> None:
    good = attic.plex_tv.accounts.devices[attic.machine_id].addresses[-1].uri
    await attic.forget_address("http://127.0.0.1:9")
    lists(attic, "http://2001:db8::1:32400", "http://[[::1]]:1", good.replace("//", "//canary:canary@"), 5, good)

    found = await libraries(bus, person="jonas")

    assert found == ["Movies", "Shows"]
    assert "authorization" not in {name for request in attic.plex_server.seen for name in request.headers}


async def test_where_no_address_can_be_read_the_reason_is_reported(attic: Attic, bus: Bus) -> None:
    lists(attic, "http://canary:canary@127.0.0.1:1", first={"provides": "server", "name": "Cellar"})
    unknown = await refusal(bus, "m2", person="jonas")
    await attic.pool.execute("delete from servers")

    refused = await refusal(bus, attic.machine_id, person="jonas")

    assert "entry 1 (Cellar) cannot be read" in unknown.detail
    assert refused.status == 502
    assert "The address must not hold a user name or password" in refused.detail
    assert "canary" not in refused.detail


async def test_a_library_is_listed_by_pages(attic: Attic, bus: Bus) -> None:
    pages = [
        await ask(bus, ListItems(server="Attic", library_id=attic.movies.key, person="jonas", limit=1, offset=offset))
        for offset in (0, 1, 2)
    ]
    episodes = await ask(bus, ListItems(server="Attic", library_id=attic.shows.key, kind="episode"))

    assert [[item.title for item in page.items] for page in pages] == [["Heat"], ["The Matrix"], []]
    assert [(page.total, page.limit, page.offset) for page in pages] == [(2, 1, 0), (2, 1, 1), (2, 1, 2)]
    assert pages[1].items[0].guids == ("tmdb://603",)
    assert [(item.show, item.season, item.episode) for item in episodes.items] == [("Dark", 1, 1), ("Dark", 1, 2)]


async def test_what_is_new_and_what_is_called_so(attic: Attic, bus: Bus) -> None:
    new = await ask(bus, ListRecentlyAdded(server="Attic", person="jonas", limit=1, offset=1))
    found = await ask(bus, SearchItems(server="Attic", person="jonas", query="matrix"))
    none = await ask(bus, SearchItems(server="Attic", query="'; drop table servers; --"))

    assert (len(new.items), new.total) == (1, 3)
    assert ([item.title for item in found.items], found.total) == (["The Matrix"], 1)
    assert (none.items, none.total) == ([], 0)


async def test_what_is_not_shared_with_somebody_is_not_seen(attic: Attic, bus: Bus) -> None:
    attic.plex_tv.accounts.share(attic.device, attic.friend, only=(attic.shows.key,))
    search = SearchItems(server="Attic", person="jonas", query="matrix")

    found = await ask(bus, search)
    with pytest.raises(NotFoundError):
        await ask(bus, ListItems(server="Attic", person="jonas", library_id=attic.movies.key))

    assert await libraries(bus, person="jonas") == ["Shows"]
    assert found.items == []


async def test_the_owner_sees_what_is_watched_and_others_are_told_no(attic: Attic, bus: Bus) -> None:
    attic.plex_server.library.play(attic.matrix, account_id=attic.friend.id, name="jonas", offset=timedelta(minutes=1))

    page = await ask(bus, ListSessions(server="Attic"))
    with pytest.raises(ForbiddenError):
        await ask(bus, ListSessions(server="Attic", person="jonas"))

    assert [(each.item.title, each.username, each.position_ms) for each in page.items] == [
        ("The Matrix", "jonas", 60_000)
    ]


async def test_hostile_titles_pass_as_they_are(attic: Attic, bus: Bus) -> None:
    title = "<script>alert('x')</script> {{7*7}} %s \N{RIGHT-TO-LEFT OVERRIDE}\N{PILE OF POO}"
    attic.plex_server.library.add_movie(attic.movies, title)

    page = await ask(bus, SearchItems(server="Attic", query="<script>"))

    assert [item.title for item in page.items] == [title]


async def test_what_does_not_exist_or_is_not_allowed_is_reported(attic: Attic, bus: Bus) -> None:
    await attic.settle("priya")
    await attic.link("martha", attic.owner, state="dead")
    with pytest.raises(NotFoundError) as no_library:
        await ask(bus, ListItems(server="Attic", library_id="99"))

    found = {
        "server": await refusal(bus, "Cellar"),
        "reach": await refusal(bus, "Cellar", person="jonas"),
        "person": await refusal(bus, person="nobody"),
        "unlinked": await refusal(bus, person="priya"),
        "dead": await refusal(bus, person="martha"),
    }

    assert "99" in no_library.value.detail
    assert {name: type(error) for name, error in found.items()} == {
        "server": NotFoundError,
        "reach": NotFoundError,
        "person": NotFoundError,
        "unlinked": ConflictError,
        "dead": ConflictError,
    }
    assert "Cellar" in found["reach"].detail
    assert "priya" in found["unlinked"].detail


async def test_a_person_whose_sign_in_plex_ended_is_told_to_link_again(attic: Attic, bus: Bus) -> None:
    attic.plex_tv.accounts.sign_out_everywhere(attic.friend)

    refused = await refusal(bus, person="jonas")

    assert (type(refused), "linked again" in refused.detail) == (ConflictError, True)


@pytest.mark.parametrize("status", [500, 503])
async def test_a_failing_plex_tv_is_not_the_persons_fault(attic: Attic, bus: Bus, status: int) -> None:
    attic.plex_tv.fail_next(status)

    assert (await refusal(bus, person="jonas")).status == 503
    assert await libraries(bus, person="jonas") == ["Movies", "Shows"]


async def test_a_plex_tv_that_asks_to_wait_is_left_alone(attic: Attic, bus: Bus) -> None:
    attic.plex_tv.fail_next(429, Retry_After="30")

    refusals = [await refusal(bus, person="jonas") for _ in range(3)]

    assert [error.status for error in refusals] == [503, 503, 503]
    assert attic.calls_of_resources() == 1


async def test_what_plex_tv_said_is_remembered_for_minutes(attic: Attic, bus: Bus) -> None:
    await asyncio.gather(*(libraries(bus, person="jonas") for _ in range(5)))
    remembered = attic.calls_of_resources()
    attic.clock.advance(timedelta(minutes=6))

    await libraries(bus, person="jonas")

    assert (remembered, attic.calls_of_resources()) == (1, 2)


@pytest.mark.parametrize(
    "fact",
    [
        AccountUnlinked(id="e1", occurred_at=NOON, person_id="jonas", provider="plex", account_id="13692263"),
        ServerChanged(id="e2", occurred_at=NOON, name="Attic"),
    ],
    ids=["unlinked", "server changed"],
)
async def test_a_change_is_noticed_at_once(attic: Attic, bus: Bus, fact: AccountUnlinked | ServerChanged) -> None:
    await libraries(bus, person="jonas")
    await bus.client.publish(subject(fact), msgspec.json.encode(fact))

    async def is_read_again() -> bool:
        await libraries(bus, person="jonas")
        return attic.calls_of_resources() == 2

    await until(is_read_again)


async def test_who_was_unlinked_reads_nothing_more_however_fresh_the_memory(attic: Attic, bus: Bus) -> None:
    await libraries(bus, person="jonas")
    await attic.unlink(attic.friend)
    unlinked = AccountUnlinked(
        id="e1", occurred_at=NOON, person_id="jonas", provider="plex", account_id=str(attic.friend.id)
    )
    await bus.client.publish(subject(unlinked), msgspec.json.encode(unlinked))

    async def is_refused() -> bool:
        try:
            await libraries(bus, person="jonas")
        except ConflictError:
            return True
        return False

    await until(is_refused)


async def test_a_share_that_was_renewed_is_found_anew(attic: Attic, bus: Bus) -> None:
    await libraries(bus, person="jonas")
    attic.plex_tv.accounts.share(attic.device, attic.friend)

    assert await libraries(bus, person="jonas") == ["Movies", "Shows"]
    assert attic.calls_of_resources() == 2


async def test_a_share_that_ended_is_a_server_not_reached(attic: Attic, bus: Bus) -> None:
    await libraries(bus, person="jonas")
    attic.plex_tv.accounts.unshare(attic.device, attic.friend)

    assert isinstance(await refusal(bus, person="jonas"), NotFoundError)


async def test_an_answer_beyond_measure_is_refused_and_a_part_of_it_is_not(attic: Attic, bus: Bus) -> None:
    library = attic.plex_server.library
    for number in range(100):
        movie = library.add_movie(attic.movies, str(number))
        library.items[movie.rating_key] = msgspec.structs.replace(movie, summary="\N{PILE OF POO}" * 5000)
    all_at_once = ListItems(server="Attic", library_id=attic.movies.key, limit=200)

    with pytest.raises(UsherError):
        await ask(bus, all_at_once)

    page = await ask(bus, msgspec.structs.replace(all_at_once, limit=20))
    assert (len(page.items), page.total) == (20, 102)
