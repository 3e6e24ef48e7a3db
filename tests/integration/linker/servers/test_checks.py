"""The look at all servers every few minutes, beside those who change them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from services.linker.servers.checks import ServerChecker
from services.linker.servers.probe import Prober
from services.linker.servers.registry import Registry
from services.linker.servers.store import servers_of
from shared.errors import ConflictError
from shared.keyring import Keyring, Owner
from shared.owners import server_token
from shared.postgres.pool import Pool, transaction
from shared.schemas.secret import Secret
from shared.vault import Executor, Vault
from simulators.asgi import App
from tests.integration.linker.servers.linkers import Place, of_plex
from tests.integration.linker.servers.stand_ins import Street, seen_by
from tests.integration.linker.servers.surroundings import KEYS, addresses, now
from tests.integration.service import until

KEY = "seerr-api-key"


class Overtaken(Vault):
    """A vault at whose door somebody changes everything just before it is read."""

    def __init__(self, pool: Pool, change: Callable[[], Awaitable[None]]) -> None:
        super().__init__(pool, Keyring.parse(KEYS))
        self._change = change

    async def get(self, owner: Owner, *, on: Executor | None = None) -> Secret | None:
        await self._change()
        return await super().get(owner, on=on)


async def test_each_server_is_looked_at_by_one_replica(place: Place, street: Street) -> None:
    async with place.linker() as first, place.linker() as second:
        for kind in ("plex", "jellyfin", "emby"):
            await first.add_from(street, kind)
        asked = len(street.jellyfin.seen)
        async with first.parts.pool.acquire() as connection:
            await connection.execute("update servers set check_at = now()")
        looked = await asyncio.gather(*(each.servers.checker.check_all_due() for each in (first, second)))

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
        asked = len(street.plex.seen)
        goes_on = street.plex.hold_next()
        looking = asyncio.create_task(linker.look())
        await until(lambda: len(street.plex.seen) > asked)
        street.plex.fail_next(500, path="/library")
        changed = await linker.change("Plex", url=street.urls["plex"], token=street.tokens["plex"])
        goes_on.set()
        await looking

        assert (await linker.one("Plex")).problem == changed.problem


async def test_a_change_of_a_server_that_was_made_anew_meanwhile_is_a_conflict(place: Place, street: Street) -> None:
    async with place.linker() as linker, addresses(street.plex) as [elsewhere]:
        await linker.add_from(street, "plex")
        asked = len(street.plex.seen)
        goes_on = street.plex.hold_next()
        changing = asyncio.create_task(linker.change("Plex", url=street.urls["plex"]))
        await until(lambda: len(street.plex.seen) > asked)
        await linker.remove("Plex")
        await linker.add_from(street, "plex", url=elsewhere)
        goes_on.set()
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
        await ServerChecker(Prober(linker.clients), registry, pool, now=now).check(row)

    assert len(street.jellyfin.seen) > 0
    assert "canary" not in seen_by(street.jellyfin)


async def test_what_was_found_of_a_server_that_was_made_anew_is_thrown_away(place: Place, street: Street) -> None:
    async with addresses(App({})) as [gone]:
        pass
    async with place.linker() as linker:
        await linker.add_from(street, "plex")
        asked = len(street.plex.seen)
        goes_on = street.plex.hold_next()
        looking = asyncio.create_task(linker.look())
        await until(lambda: len(street.plex.seen) > asked)
        await linker.remove("Plex")
        await linker.add({"name": "Plex", "type": "plex", "url": gone, "enabled": False}, token="another")
        goes_on.set()
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
    assert "cannot be decrypted" in (found["Plex"].problem or "")
    assert found["Jellyfin"].problem is None


async def test_too_many_tests_at_once_are_put_off(place: Place, street: Street) -> None:
    async with place.linker() as linker:
        await linker.add_from(street, "emby")
        goes_on = street.emby.hold_next(times=6)
        asking = [
            asyncio.create_task(each)
            for each in (
                *(linker.seerr() for _ in range(3)),
                *(linker.change("Emby", url=street.urls["emby"]) for _ in range(9)),
            )
        ]
        await until(lambda: any(each.done() and each.exception() for each in asking))
        goes_on.set()
        answers = await asyncio.gather(*asking, return_exceptions=True)

    assert [str(answer) for answer in answers if "too many servers are being tested" in str(answer)]


async def test_the_loop_looks_by_itself(place: Place, street: Street) -> None:
    async with place.linker(**of_plex(street)) as linker, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(linker.servers.run())

        async def is_seen() -> bool:
            return (await linker.one("Plex")).reachable is not None

        await until(is_seen)
        running.cancel()
