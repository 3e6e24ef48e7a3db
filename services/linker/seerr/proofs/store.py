"""The linker's SQL for proofs of whose a user of Seerr is. They stay when the person loses the user."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec

from services.linker.seerr.proofs.domain import Proof
from shared.postgres.pool import Connection
from shared.postgres.text import storable

_COLUMNS = (
    "seerr_proofs.seerr_user_id as number, seerr_proofs.created_at, plex_id, jellyfin_user_id, email, "
    "seerr_proofs.name, written, case when seerr_proofs.created_at = '' then seen_at end as matched_at"
)


class Holding(msgspec.Struct, frozen=True):
    """A person who has a user of Seerr, or had it; an earlier one always has a proof."""

    person_id: str
    number: int
    proof: Proof | None
    is_current: bool


async def proofs_of(connection: Connection, person_id: str) -> list[Proof]:
    """Return the proofs of all users that a person had, the newest first."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from seerr_proofs where person_id = $1 order by seen_at desc, seerr_user_id",  # noqa: S608 (a constant)
        person_id,
    )
    return [_proof(row) for row in rows]


async def holdings(connection: Connection) -> list[Holding]:
    """Return who has and had which user of Seerr, current ones first."""
    rows = await connection.fetch(
        f"""select persons.id as person_id, {_COLUMNS},
            coalesce(persons.seerr_user_id = seerr_proofs.seerr_user_id, false) as is_current
        from seerr_proofs join persons on persons.id = seerr_proofs.person_id and merged_into is null
        order by is_current desc, seen_at desc, persons.id"""  # noqa: S608 (a constant)
    )
    proven = [Holding(row["person_id"], row["number"], _proof(row), row["is_current"]) for row in rows]
    unproven = await connection.fetch(
        """select id as person_id, seerr_user_id as number from persons
        where seerr_user_id is not null and merged_into is null
        union select person_id, id::int from identities where provider = 'seerr'"""
    )
    known = {(each.person_id, each.number) for each in proven}
    others = [(row["person_id"], row["number"]) for row in unproven if (row["person_id"], row["number"]) not in known]
    return [*(Holding(person_id, number, None, is_current=True) for person_id, number in others), *proven]


async def save(connection: Connection, person_id: str, proof: Proof, *, at: datetime) -> None:
    """Store the proof of a person's user."""
    await connection.execute(
        "delete from seerr_proofs where person_id = $1 and seerr_user_id = $2 and created_at in ('', $3)",
        person_id,
        proof.number,
        storable(proof.created_at),
    )
    await connection.execute(
        """insert into seerr_proofs
            (person_id, seerr_user_id, created_at, plex_id, jellyfin_user_id, email, name, written, seen_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        person_id,
        proof.number,
        storable(proof.created_at),
        proof.plex_id,
        *(None if each is None else storable(each) for each in (proof.jellyfin_user_id, proof.email, proof.name)),
        list(proof.written),
        at,
    )


async def note_written_ids(connection: Connection, person_id: str, proof: Proof, discord_ids: Sequence[str]) -> None:
    """Store that Usher writes these Discord ids into a user's settings."""
    await connection.execute(
        """update seerr_proofs set written = array(select distinct unnest(written || $4::text[]) order by 1)
        where person_id = $1 and seerr_user_id = $2 and created_at = $3""",
        person_id,
        proof.number,
        storable(proof.created_at),
        list(discord_ids),
    )


async def delete(connection: Connection, person_id: str, proof: Proof) -> None:
    """Delete the proof that a person had this user."""
    await connection.execute(
        "delete from seerr_proofs where person_id = $1 and seerr_user_id = $2 and created_at = $3",
        person_id,
        proof.number,
        storable(proof.created_at),
    )


def _proof(row: asyncpg.Record) -> Proof:
    names = [field.name for field in msgspec.structs.fields(Proof)]
    return Proof(**{name: row[name] for name in names} | {"written": tuple(row["written"])})
