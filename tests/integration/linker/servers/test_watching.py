"""Servers of the settings, and the look at all servers every few minutes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from services.linker.clients import PLEX_TV, Clients
from services.linker.servers.inspector import Inspector
from services.linker.servers.probe import Prober
from services.linker.servers.registry import Registry
from services.linker.servers.store import servers_of
from services.linker.servers.wiring import Servers
from services.linker.signins.budget import Budget
from shared.bus.connection import Bus, connect
from shared.bus.questions import ask
from shared.courier import Courier
from shared.errors import ConflictError
from shared.keyring import Keyring, Owner
from shared.owners import server_token
from shared.postgres.pool import Pool, transaction
from shared.runtime import Parts
from shared.schemas.parcel import Parcel
from shared.schemas.secret import Secret
from shared.schemas.servers import (
    TOKEN,
    AddServer,
    AskServersHealth,
    ChangeServer,
    FindServer,
    ListServers,
    RemovedSeerr,
    RemovedServer,
    RemoveSeerr,
    RemoveServer,
    SeerrConnection,
    Server,
    ServerPage,
    ServersHealth,
    Settled,
    ShowSeerr,
)
from shared.settings import UpstreamSettings
from shared.vault import Executor, Vault
from simulators.asgi import App
from tests.integration.linker.servers.estate import KEYS, addresses, egress_of, linked, now
from tests.integration.linker.servers.street import Street, seen_by
from tests.integration.service import parts_of, until

KEY = "seerr-api-key"


class Linker:
    """A linker with these settings, and what one asks it."""

    def __init__(self, bus: Bus, servers: Servers, clients: Clients, parts: Parts, vault: Vault) -> None:
        self._bus = bus
        self.servers = servers
        self.clients = clients
        self.parts = parts
        self.vault = vault

    async def add(self, body: dict[str, Any], *, token: str) -> Server:
        wanted = msgspec.convert(body, Settled)
        return await ask(self._bus, "linker", AddServer(server=wanted, token=sealed(token)), Server)

    async def add_from(self, street: Street, kind: str, **others: Any) -> Server:
        body = street.body(kind, **others)
        return await self.add(body, token=body.pop("token"))

    async def all(self) -> list[Server]:
        return (await ask(self._bus, "linker", ListServers(), ServerPage)).items

    async def one(self, name: str) -> Server:
        return await ask(self._bus, "linker", FindServer(name=name), Server)

    async def seerr(self) -> SeerrConnection:
        return await ask(self._bus, "linker", ShowSeerr(), SeerrConnection)

    async def change(self, name: str, *, token: str | None = None, **changes: Any) -> Server:
        if token is not None:
            changes["token"] = sealed(token)
        return await ask(self._bus, "linker", ChangeServer(name=name, **changes), Server)

    async def remove(self, name: str) -> RemovedServer:
        return await ask(self._bus, "linker", RemoveServer(name=name), RemovedServer)

    async def remove_seerr(self) -> RemovedSeerr:
        return await ask(self._bus, "linker", RemoveSeerr(), RemovedSeerr)

    async def health(self) -> ServersHealth:
        return await ask(self._bus, "linker", AskServersHealth(), ServersHealth)

    async def look(self) -> int:
        """Look at all servers as if their time had come."""
        async with self.parts.pool.acquire() as connection:
            await connection.execute("update servers set check_at = now() - interval '1 second'")
        return await self.servers.inspector.look_at_all_due()


def sealed(token: str) -> Parcel:
    return Courier(Keyring.parse(KEYS)).pack(Secret(token), purpose=TOKEN)


class Overtaken(Vault):
    """A vault at whose door somebody changes everything just before it is read."""

    def __init__(self, pool: Pool, change: Callable[[], Awaitable[None]]) -> None:
        super().__init__(pool, Keyring.parse(KEYS))
        self._change = change

    async def get(self, owner: Owner, *, on: Executor | None = None) -> Secret | None:
        await self._change()
        return await super().get(owner, on=on)


class Place:
    """Where linkers are started, one after the other or side by side."""

    def __init__(self, database_url: Secret, nats_url: Secret, street: Street) -> None:
        self._database_url = database_url
        self._nats_url = nats_url
        self._plex_tv_url = street.urls["plex_tv"]

    @asynccontextmanager
    async def linker(self, **settings: Any) -> AsyncIterator[Linker]:
        config = UpstreamSettings(plex_tv_url=self._plex_tv_url, **settings)
        egress = egress_of(self._database_url, self._nats_url)
        async with (
            connect(self._nats_url, name="linker") as bus,
            parts_of("linker", bus=bus, database_url=self._database_url) as parts,
            linked(parts, config=config, egress=egress) as (servers, clients, vault),
        ):
            await servers.first.make()
            yield Linker(bus, servers, clients, parts, vault)


@pytest.fixture
def place(database_url: Secret, nats_url: Secret, street: Street) -> Place:
    return Place(database_url, nats_url, street)


def of_plex(street: Street, **others: Any) -> dict[str, Any]:
    return {"plex_host": street.urls["plex"], "plex_token": Secret(street.tokens["plex"]), **others}


async def test_the_first_start_makes_the_servers_of_the_settings(place: Place, street: Street) -> None:
    seerr = {"seerr_url": f"{street.urls['seerr']}/api/v1", "seerr_api_key": Secret(KEY)}
    trakt = {"trakt_client_id": "app/1", "trakt_client_secret": Secret("canary-of-trakt")}
    async with place.linker(**of_plex(street), **seerr, **trakt) as linker:
        [before] = await linker.all()
        looked = await linker.look()
        [after] = await linker.all()
        shown = await linker.seerr()
        secret = await linker.vault.get(server_token("Trakt", type="trakt"))

    assert (before.name, before.reachable, before.machine_identifier) == ("Plex", None, None)
    assert (after.reachable, after.machine_identifier, after.user_count) == (True, street.device.machine_id, 2)
    assert (shown.url, shown.version) == (street.urls["seerr"], "3.1.0")
    assert secret == Secret("canary-of-trakt")
    assert looked == 2


async def test_incomplete_or_refused_settings_make_nothing(place: Place, street: Street) -> None:
    wrong = {"plex_host": "http://169.254.169.254", "plex_token": Secret("t"), "seerr_url": street.urls["seerr"]}
    async with place.linker(**wrong) as linker:
        assert await linker.all() == []
        assert (await linker.seerr()).url is None


async def test_a_server_of_the_settings_that_is_away_is_kept_and_found_later(place: Place, street: Street) -> None:
    street.plex.fail_next(503)
    async with place.linker(**of_plex(street)) as linker:
        await linker.look()
        away = await linker.one("Plex")
        await linker.look()
        back = await linker.one("Plex")

    assert (away.reachable, back.reachable, back.problem) == (False, True, None)


async def test_a_server_that_does_not_answer_is_looked_at_again_in_a_minute(place: Place, street: Street) -> None:
    async with place.linker() as linker:
        await linker.add_from(street, "plex")
        await linker.add_from(street, "jellyfin")
        street.plex.fail_next(503)
        await linker.look()
        async with linker.parts.pool.acquire() as connection:
            rows = await connection.fetch("select name, check_at - checked_at as wait from servers order by name")

    well, ill = (row["wait"].total_seconds() for row in rows)
    assert 200 < well <= 300
    assert 50 < ill <= 60


async def test_a_later_start_changes_what_nobody_else_has_changed(place: Place, street: Street) -> None:
    async with place.linker(**of_plex(street)):
        pass
    async with place.linker(**of_plex(street, plex_host="http://127.0.0.1:32499/")) as linker:
        moved = await linker.one("Plex")
    async with place.linker(**of_plex(street, plex_token=Secret("rotated"))) as linker:
        back, token = await linker.one("Plex"), await linker.vault.get(server_token("Plex", type="plex"))

    assert moved.url == "http://127.0.0.1:32499"
    assert (back.url, token) == (street.urls["plex"], Secret("rotated"))


async def test_a_later_start_leaves_what_somebody_has_changed(place: Place, street: Street) -> None:
    async with place.linker(**of_plex(street)) as linker:
        await linker.change("Plex", request_limit=3)
    async with place.linker(**of_plex(street, plex_host="http://127.0.0.1:32499")) as linker:
        assert (await linker.one("Plex")).url == street.urls["plex"]


async def test_what_somebody_removed_does_not_come_back(place: Place, street: Street) -> None:
    async with place.linker(**of_plex(street)) as linker:
        await linker.remove("Plex")
    async with place.linker(**of_plex(street)) as linker:
        assert await linker.all() == []


async def test_a_seerr_that_somebody_removed_does_not_come_back(place: Place, street: Street) -> None:
    seerr = {"seerr_url": street.urls["seerr"], "seerr_api_key": Secret(KEY)}
    async with place.linker(**seerr) as linker:
        await linker.remove_seerr()
    async with place.linker(**seerr) as linker:
        assert (await linker.seerr()).url is None


async def test_what_somebody_has_set_up_is_not_made_a_second_time(place: Place, street: Street) -> None:
    settings = of_plex(street, seerr_url=street.urls["seerr"], seerr_api_key=Secret(KEY))
    async with place.linker() as linker:
        street.plex.fail_next(503)
        await linker.add_from(street, "plex", name="Attic")
        async with linker.parts.pool.acquire() as connection:
            await connection.execute("insert into servers (name, type, url) values ('Ours', 'seerr', 'http://seerr')")
    async with place.linker(**settings) as linker:
        kept, seerr = await linker.all(), await linker.seerr()
        await linker.remove("Attic")
    async with place.linker(**settings) as linker:
        assert await linker.all() == []

    assert [each.name for each in kept] == ["Attic"]
    assert seerr.url == "http://seerr"


async def test_a_server_of_the_settings_that_has_another_name_by_now_is_not_made_again(
    place: Place, street: Street
) -> None:
    async with place.linker(**of_plex(street)) as linker:
        await linker.remove("Plex")
        await linker.add_from(street, "plex", name="Attic")
    async with place.linker(**of_plex(street, plex_host="http://127.0.0.1:32499")) as linker:
        assert [(each.name, each.url) for each in await linker.all()] == [("Attic", street.urls["plex"])]


async def test_replicas_that_start_together_make_each_server_once(place: Place, street: Street) -> None:
    async with place.linker() as first, place.linker() as second, place.linker(**of_plex(street)) as third:
        await asyncio.gather(*(each.servers.first.make() for each in (first, second, third, third)))

        assert len(await third.all()) == 1


async def test_each_server_is_looked_at_by_one_replica(place: Place, street: Street) -> None:
    async with place.linker() as first, place.linker() as second:
        for kind in ("plex", "jellyfin", "emby"):
            await first.add_from(street, kind)
        asked = len(street.jellyfin.seen)
        async with first.parts.pool.acquire() as connection:
            await connection.execute("update servers set check_at = now()")
        looked = await asyncio.gather(*(each.servers.inspector.look_at_all_due() for each in (first, second)))

    assert sum(looked) == 3
    assert len(street.jellyfin.seen) == asked + 2  # who it is, and its users


async def test_a_look_tells_who_is_away_and_holds_up_nobody_else(place: Place, street: Street) -> None:
    async with place.linker() as linker:
        for kind in ("plex", "jellyfin", "emby"):
            await linker.add_from(street, kind)
        street.jellyfin.slow_next(timedelta(seconds=6))
        street.emby.fail_next(200, times=9)
        await linker.look()
        found = {each.name: each for each in (await linker.health()).items}

    assert {name: each.reachable for name, each in found.items()} == {"Emby": False, "Jellyfin": False, "Plex": True}
    assert "is not Emby" in (found["Emby"].problem or "")
    assert all(each.checked_at is not None for each in found.values())


async def test_a_server_that_was_replaced_is_noticed_and_gets_no_token(place: Place, street: Street) -> None:
    async with place.linker() as linker:
        await linker.add_from(street, "jellyfin")
        street.jellyfin.server_id = "e" * 32
        street.jellyfin.seen.clear()
        await linker.look()
        replaced = await linker.one("Jellyfin")

    assert "another server answers there" in (replaced.problem or "")
    assert replaced.machine_identifier == street.machines["jellyfin"]
    assert street.tokens["jellyfin"] not in seen_by(street.jellyfin)


async def test_a_server_found_to_be_there_twice_is_told(place: Place, street: Street) -> None:
    async with place.linker() as linker:
        street.emby.fail_next(500)
        await linker.add_from(street, "emby", name="Second")
        await linker.add_from(street, "emby", name="First")
        await linker.look()
        second = await linker.one("Second")

    assert second.machine_identifier is None
    assert "the same server as 'First'" in (second.problem or "")


async def test_servers_that_are_turned_off_are_not_asked(place: Place, street: Street) -> None:
    async with place.linker() as linker:
        await linker.add_from(street, "plex", enabled=False)

        assert await linker.look() == 0
        assert (await linker.health()).items == []


async def test_what_was_found_of_an_earlier_address_is_thrown_away(place: Place, street: Street) -> None:
    async with place.linker() as linker, addresses(street.plex) as [old]:
        await linker.add_from(street, "plex", url=old)
        street.plex.slow_next(timedelta(seconds=1))
        looking = asyncio.create_task(linker.look())
        await asyncio.sleep(0.3)
        street.plex.fail_next(500, path="/library")
        changed = await linker.change("Plex", url=street.urls["plex"], token=street.tokens["plex"])
        await looking

        assert (await linker.one("Plex")).problem == changed.problem


async def test_a_change_of_a_server_that_was_made_anew_meanwhile_is_a_conflict(place: Place, street: Street) -> None:
    async with place.linker() as linker, addresses(street.plex) as [elsewhere]:
        await linker.add_from(street, "plex")
        asked = len(street.plex.seen)
        street.plex.slow_next(timedelta(seconds=1))
        changing = asyncio.create_task(linker.change("Plex", url=street.urls["plex"]))
        await until(lambda: len(street.plex.seen) > asked)
        await linker.remove("Plex")
        await linker.add_from(street, "plex", url=elsewhere)
        with pytest.raises(ConflictError):
            await changing

        assert (await linker.one("Plex")).url == elsewhere


async def test_a_new_token_is_not_sent_to_the_old_address(place: Place, street: Street) -> None:
    async with place.linker() as linker:
        await linker.add_from(street, "jellyfin")
        pool = linker.parts.pool

        async def change() -> None:
            async with transaction(pool) as connection:
                await connection.execute("update servers set url = 'http://127.0.0.1:1'")
                await linker.vault.put(server_token("Jellyfin", type="jellyfin"), Secret("canary"), on=connection)

        async with transaction(pool) as connection:
            [row] = await servers_of(connection, "jellyfin")
        registry = Registry(linker.parts.worker, Overtaken(pool, change), now=now)
        street.jellyfin.seen.clear()
        await Inspector(Prober(linker.clients, Budget(pool, PLEX_TV)), registry, pool, now=now).look(row)

    assert len(street.jellyfin.seen) > 0
    assert "canary" not in seen_by(street.jellyfin)


async def test_what_was_found_of_a_server_that_was_made_anew_is_thrown_away(place: Place, street: Street) -> None:
    async with addresses(App({})) as [gone]:
        pass
    async with place.linker() as linker:
        await linker.add_from(street, "plex")
        asked = len(street.plex.seen)
        street.plex.slow_next(timedelta(seconds=1))
        looking = asyncio.create_task(linker.look())
        await until(lambda: len(street.plex.seen) > asked)
        await linker.remove("Plex")
        await linker.add({"name": "Plex", "type": "plex", "url": gone, "enabled": False}, token="another")
        await looking

        assert (await linker.one("Plex")).machine_identifier is None


async def test_a_token_that_does_not_open_is_told_and_does_no_other_harm(place: Place, street: Street) -> None:
    async with place.linker() as linker:
        await linker.add_from(street, "plex")
        await linker.add_from(street, "jellyfin")
        async with linker.parts.pool.acquire() as connection:
            await connection.execute(
                """update shared.credentials set sealed = (
                    select sealed from shared.credentials where owner_id = 'Jellyfin') where owner_id = 'Plex'"""
            )
        await linker.look()
        found = {each.name: each for each in await linker.all()}

    assert found["Plex"].token == "…"
    assert "cannot be opened" in (found["Plex"].problem or "")
    assert found["Jellyfin"].problem is None


async def test_too_many_tests_at_once_are_put_off(place: Place, street: Street) -> None:
    async with place.linker() as linker:
        await linker.add_from(street, "emby")
        street.emby.slow_next(timedelta(seconds=1), times=30)
        answers = await asyncio.gather(
            *(linker.seerr() for _ in range(3)),
            *(linker.change("Emby", url=street.urls["emby"]) for _ in range(9)),
            return_exceptions=True,
        )

    assert [str(answer) for answer in answers if "too many servers are being tested" in str(answer)]


async def test_the_loop_looks_by_itself(place: Place, street: Street) -> None:
    async with place.linker(**of_plex(street)) as linker, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(linker.servers.run())

        async def is_seen() -> bool:
            return (await linker.one("Plex")).reachable is not None

        await until(is_seen, within_s=5)
        running.cancel()
