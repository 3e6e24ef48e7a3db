"""The vault on a real PostgreSQL: storing, opening, and key rotation under load."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from shared.errors import TransientError, UnavailableError
from shared.keyring import Keyring, MissingKeyError, Owner, TamperedError, new_key
from shared.postgres import pool as postgres
from shared.postgres.pool import Pool
from shared.schemas.secret import Secret
from shared.settings import SettingsError
from shared.vault import Vault

OLD, NEW, OTHER = new_key("old"), new_key("new"), new_key("other")
TOKEN = Secret("canary-token-0815")


def ring(*keys: Secret) -> Keyring:
    return Keyring.parse(Secret(",".join(key.reveal() for key in keys)))


def owner(number: int = 0, *, provider: str = "trakt", purpose: str = "token") -> Owner:
    return Owner(kind="person", id=f"p{number}", provider=provider, purpose=purpose)


@pytest.fixture
def vault(pool: Pool) -> Vault:
    return Vault(pool, ring(OLD))


async def fill(pool: Pool, rows: int, *keys: Secret) -> None:
    """Store numbered secrets, quickly."""
    keyring = ring(*keys)
    async with pool.acquire() as connection, connection.transaction():
        vault = Vault(pool, keyring)
        for number in range(rows):
            await vault.put(owner(number), Secret(f"secret {number}"), on=connection)


async def test_what_was_put_is_got(vault: Vault) -> None:
    await vault.put(owner(), TOKEN)

    assert await vault.get(owner()) == TOKEN


async def test_nothing_was_put(vault: Vault) -> None:
    assert await vault.get(owner()) is None


async def test_putting_again_replaces(vault: Vault) -> None:
    await vault.put(owner(), Secret("first"))
    await vault.put(owner(), TOKEN)

    assert await vault.get(owner()) == TOKEN
    assert await vault.owners() == [owner()]


async def test_what_is_removed_is_gone(vault: Vault) -> None:
    await vault.put(owner(), TOKEN)

    assert await vault.remove(owner()) is True
    assert await vault.remove(owner()) is False
    assert await vault.get(owner()) is None


async def test_no_column_holds_the_secret(vault: Vault, pool: Pool) -> None:
    await vault.put(owner(), TOKEN)

    row = await pool.fetchrow("select * from shared.credentials")

    assert TOKEN.reveal() not in str(row)
    assert TOKEN.reveal().encode().hex() not in str(row)


async def test_odd_owners_are_told_apart(vault: Vault) -> None:
    odd = Owner(kind="server", id='Attic\'s "best" ; drop table x --', provider="plex", purpose="tökén 🎬")
    await vault.put(odd, TOKEN)

    assert await vault.get(odd) == TOKEN
    assert await vault.owners() == [odd]


async def test_a_replaced_secret_must_be_there(vault: Vault) -> None:
    is_there = await vault.replace(owner(), TOKEN)
    await vault.put(owner(), Secret("before"))

    is_replaced = await vault.replace(owner(), TOKEN)

    assert (is_there, is_replaced) == (False, True)
    assert await vault.get(owner()) == TOKEN


async def test_a_put_is_part_of_the_callers_transaction(vault: Vault, pool: Pool) -> None:
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await vault.put(owner(), TOKEN, on=connection)
        seen_inside = await vault.get(owner(), on=connection)
        seen_outside = await vault.get(owner())
        await transaction.rollback()

    assert seen_inside == TOKEN
    assert seen_outside is None
    assert await vault.get(owner()) is None


async def test_a_removal_is_part_of_the_callers_transaction(vault: Vault, pool: Pool) -> None:
    await vault.put(owner(), TOKEN)
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await vault.remove(owner(), on=connection)
        await transaction.rollback()

    assert await vault.get(owner()) == TOKEN


async def test_owners_are_found_by_what_is_known_of_them(vault: Vault) -> None:
    alice, bob = owner(1, provider="plex"), owner(2, provider="plex")
    attic = Owner(kind="server", id="attic", provider="plex", purpose="token")
    other = owner(1, provider="trakt", purpose="refresh_token")
    for each in (attic, bob, other, alice):
        await vault.put(each, TOKEN)

    assert await vault.owners() == [alice, other, bob, attic]
    assert await vault.owners(kind="person", provider="plex") == [alice, bob]
    assert await vault.owners(owner_id="p1") == [alice, other]
    assert await vault.owners(purpose="refresh_token") == [other]
    assert await vault.owners(provider="jellyfin") == []


async def test_a_row_copied_onto_another_owner_does_not_open(vault: Vault, pool: Pool) -> None:
    await vault.put(owner(1), TOKEN)
    await vault.put(owner(2), Secret("mine"))
    await pool.execute(
        "update shared.credentials set sealed = (select sealed from shared.credentials where owner_id = 'p1') "
        "where owner_id = 'p2'"
    )

    with pytest.raises(TamperedError, match="token of person p2 for trakt"):
        await vault.get(owner(2))


async def test_a_missing_key_is_named(vault: Vault, pool: Pool) -> None:
    await vault.put(owner(), TOKEN)

    with pytest.raises(MissingKeyError, match="The encryption key old"):
        await Vault(pool, ring(NEW)).get(owner())


async def test_a_database_that_is_away_is_waited_for_and_not_a_bug() -> None:
    async with postgres.connect(Secret("postgresql://127.0.0.1:1/usher"), schema="shared", wait=False) as pool:
        vault = Vault(pool, ring(OLD))
        for ask in (vault.get(owner()), vault.put(owner(), TOKEN), vault.verify(), vault.rotate()):
            with pytest.raises(UnavailableError):
                await ask


async def test_twenty_at_once_leave_one(vault: Vault) -> None:
    await asyncio.gather(*(vault.put(owner(), Secret(f"secret {number}")) for number in range(20)))

    kept = await vault.get(owner())
    assert kept is not None
    assert kept.reveal().startswith("secret ")
    assert await vault.owners() == [owner()]


async def test_status_counts_by_key_and_says_which_are_missing(pool: Pool) -> None:
    await fill(pool, 3, OLD)
    await Vault(pool, ring(OTHER)).put(owner(99), TOKEN)

    uses = await Vault(pool, ring(NEW, OLD)).status()

    assert [(use.key_id, use.rows, use.is_held, use.is_first) for use in uses] == [
        ("new", 0, True, True),
        ("old", 3, True, False),
        ("other", 1, False, False),
    ]


async def test_verify_is_content_with_an_empty_vault_and_with_all_keys(pool: Pool) -> None:
    await Vault(pool, ring(OLD)).verify()
    await fill(pool, 3, OLD)

    await Vault(pool, ring(NEW, OLD)).verify()


async def test_verify_names_all_missing_keys(pool: Pool) -> None:
    await fill(pool, 3, OLD)
    await Vault(pool, ring(OTHER)).put(owner(99), TOKEN)

    with pytest.raises(
        SettingsError, match=r"lacks keys that are in use: old \(3 credentials\), other \(1 credentials\)"
    ):
        await Vault(pool, ring(NEW)).verify()


async def test_verify_finds_another_key_under_the_same_id(pool: Pool) -> None:
    await fill(pool, 3, OLD)

    with pytest.raises(SettingsError, match="the key old opens nothing"):
        await Vault(pool, ring(new_key("old"))).verify()


async def test_one_tampered_row_does_not_keep_a_service_from_starting(pool: Pool) -> None:
    await fill(pool, 3, OLD)
    await pool.execute("update shared.credentials set sealed = sealed || '\\x00' where owner_id = 'p0'")

    await Vault(pool, ring(OLD)).verify()


async def test_rotation_seals_everything_with_the_first_key(pool: Pool) -> None:
    await fill(pool, 25, OLD)
    vault = Vault(pool, ring(NEW, OLD))
    seen: list[tuple[int, int]] = []

    done = await vault.rotate(batch=10, progress=lambda rotated, all_of_them: seen.append((rotated, all_of_them)))

    assert (done.rotated, done.failed) == (25, 0)
    assert seen == [(10, 25), (20, 25), (25, 25)]
    alone = Vault(pool, ring(NEW))
    await alone.verify()
    assert [(await alone.get(owner(number))) for number in range(25)] == [Secret(f"secret {n}") for n in range(25)]


async def test_rotating_twice_does_nothing_the_second_time(pool: Pool) -> None:
    await fill(pool, 5, OLD)
    vault = Vault(pool, ring(NEW, OLD))
    await vault.rotate()
    before = await pool.fetch("select sealed from shared.credentials order by id")

    again = await vault.rotate()

    assert again.rotated == 0
    assert await pool.fetch("select sealed from shared.credentials order by id") == before


async def test_an_empty_vault_is_rotated_at_once(vault: Vault) -> None:
    assert (await vault.rotate()).rotated == 0


async def test_rotation_that_was_stopped_goes_on(pool: Pool) -> None:
    await fill(pool, 50, OLD)
    vault = Vault(pool, ring(NEW, OLD))

    class StoppedError(Exception):
        pass

    def stop(_rotated: int, _all: int) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        await vault.rotate(batch=10, progress=stop)

    assert [(use.key_id, use.rows) for use in await vault.status()] == [("new", 10), ("old", 40)]
    assert (await vault.rotate(batch=10)).rotated == 40


async def test_two_rotations_at_once_share_the_work(pool: Pool) -> None:
    await fill(pool, 200, OLD)
    one, other = Vault(pool, ring(NEW, OLD)), Vault(pool, ring(NEW, OLD))

    done = await asyncio.gather(one.rotate(batch=7), other.rotate(batch=7))

    assert sum(each.rotated for each in done) == 200
    await Vault(pool, ring(NEW)).verify()


async def test_rows_that_do_not_open_stay_and_are_named(pool: Pool) -> None:
    await fill(pool, 10, OLD)
    await Vault(pool, ring(OTHER)).put(owner(99), TOKEN)
    await pool.execute("update shared.credentials set sealed = sealed || '\\x00' where owner_id = 'p3'")
    vault = Vault(pool, ring(NEW, OLD))

    done = await vault.rotate(batch=2)

    assert (done.rotated, done.failed) == (9, 2)
    assert "token of person p3 for trakt" in done.failures[0]
    assert "other" in done.failures[1]
    assert await Vault(pool, ring(OTHER)).get(owner(99)) == TOKEN


async def test_a_thousand_failures_are_counted_and_twenty_named(pool: Pool) -> None:
    await fill(pool, 1000, OTHER)

    done = await Vault(pool, ring(NEW)).rotate()

    assert (done.rotated, done.failed, len(done.failures)) == (0, 1000, 20)


async def test_a_put_in_an_open_transaction_is_waited_for_and_not_lost(pool: Pool) -> None:
    await fill(pool, 20, OLD)
    vault = Vault(pool, ring(NEW, OLD))
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await Vault(pool, ring(OLD)).put(owner(5), Secret("fresh"), on=connection)
        rotation = asyncio.create_task(vault.rotate(batch=5))
        await asyncio.sleep(0.3)
        assert not rotation.done()
        await transaction.commit()

    await rotation

    assert await Vault(pool, ring(NEW)).get(owner(5)) == Secret("fresh")


async def test_a_row_that_stays_locked_is_told_and_rotated_later(pool: Pool) -> None:
    await fill(pool, 5, OLD)
    vault = Vault(pool, ring(NEW, OLD))
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select from shared.credentials where owner_id = 'p2' for update")
        with pytest.raises(TransientError, match="1 credentials are still sealed with other keys"):
            await vault.rotate(patience=timedelta(milliseconds=150))

    assert (await vault.rotate()).rotated == 1


class Household:
    """Readers and writers that continue while keys change; a writer makes its text longer each time.

    `kept` is what was surely stored, `expected` what is being stored: a read may return anything in between.
    """

    def __init__(self, vault: Vault, rows: int) -> None:
        self.reads = 0
        self.expected = {number: f"secret {number}" for number in range(rows)}
        self.kept = dict(self.expected)
        self._vault = vault
        self._rows = rows
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True

    async def read(self, start: int) -> None:
        for number in self._numbers(start, 97):
            before = self.kept[number]
            got = await self._vault.get(owner(number))
            assert got is not None
            assert got.reveal().startswith(before)
            assert self.expected[number].startswith(got.reveal())
            self.reads += 1

    async def write(self, start: int) -> None:
        for number in self._numbers(start, 4):
            self.expected[number] += "+"
            await self._vault.put(owner(number), Secret(self.expected[number]))
            self.kept[number] = self.expected[number]

    def _numbers(self, start: int, step: int) -> Iterator[int]:
        number = start
        while not self._stopped:
            yield number
            number = (number + step) % self._rows


async def test_rotation_under_load_fails_no_read_and_loses_no_write(pool: Pool) -> None:
    rows = 3000
    await fill(pool, rows, OLD)
    vault = Vault(pool, ring(NEW, OLD))
    household = Household(vault, rows)

    async with asyncio.TaskGroup() as tasks:
        for start in range(4):
            tasks.create_task(household.read(start * 700))
            tasks.create_task(household.write(start))
        await vault.rotate(batch=100)
        household.stop()

    alone = Vault(pool, ring(NEW))
    kept = {number: await alone.get(owner(number)) for number in range(rows)}
    assert kept == {number: Secret(text) for number, text in household.expected.items()}
    assert household.reads > 100
