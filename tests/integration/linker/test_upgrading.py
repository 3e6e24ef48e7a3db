"""What an older linker has stored survives an update."""

from datetime import UTC, datetime
from typing import Final

import pytest

from services.linker.seerr.proofs.domain import Proof
from services.linker.seerr.proofs.store import proofs_of
from shared.postgres.migrations import migrations_of
from shared.postgres.pool import Connection, Pool, transaction

BEGAN_AT: Final = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)
AS_IT_WAS: Final = 2
"""How many of the linker's files were applied before revisions came from a sequence."""


@pytest.fixture
async def older(pool: Pool) -> None:
    """A schema of before, with a server that was changed six times and a sign-in that has begun."""
    async with transaction(pool) as connection:
        await connection.execute("create schema older")
        await _apply(connection, slice(AS_IT_WAS))
        await connection.execute(
            "insert into servers (name, type, url, revision) values ('Attic', 'plex', 'http://192.168.1.10:32400', 7)"
        )
        await connection.execute(
            """insert into sign_ins (id, provider, server, asker_kind, asker_id, asker_name, code, url, references_,
                poll_every, poll_at, expires_at, created_at)
            values ('s1', 'plex', '', 'discord', '1', 'ada', 'abcd', 'https://app.plex.tv', '{}', '2 s', $1, $1, $1)""",
            BEGAN_AT,
        )
        await connection.execute(
            "insert into persons (id, name, seerr_user_id) values ('p1', 'ada', 7), ('p2', 'bo', 8)"
        )
        await connection.execute(
            """insert into identities (provider, server, id, person_id, username, proven, linked_at)
            values ('seerr', '', '7', 'p1', 'Ada', true, $1)""",
            BEGAN_AT,
        )
        await connection.execute(
            "insert into seerr_matches (person_id, url, tried_at, discord_id) values ('p1', 'u', $1, '80')", BEGAN_AT
        )


async def _apply(connection: Connection, files: slice) -> None:
    await connection.execute("set local search_path to older, shared")
    for migration in migrations_of("services.linker")[files]:
        await connection.execute(migration.sql)


@pytest.mark.usefixtures("older")
async def test_servers_and_sign_ins_of_before_stay(pool: Pool) -> None:
    async with transaction(pool) as connection:
        await _apply(connection, slice(AS_IT_WAS, None))

        revision = await connection.fetchval("update servers set revision = default returning revision")
        wanted_at = await connection.fetchval("select wanted_at from sign_ins")

    assert (revision, wanted_at) == (8, BEGAN_AT)


@pytest.mark.usefixtures("older")
async def test_what_users_of_seerr_were_known_by_is_kept(pool: Pool) -> None:
    async with transaction(pool) as connection:
        await _apply(connection, slice(AS_IT_WAS, None))

        proofs = {person_id: await proofs_of(connection, person_id) for person_id in ("p1", "p2")}

    assert proofs["p1"] == [Proof(number=7, name="Ada", written=("80",), matched_at=BEGAN_AT)]
    assert [(proof.number, proof.name, proof.written) for proof in proofs["p2"]] == [(8, None, ())]
