"""The linker's SQL for persons and their Seerr users: who has which, how the search ended, what was written."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from services.linker.seerr.domain import Account, Match, display_name, fold_name
from services.linker.seerr.proofs import store as proofs
from services.linker.seerr.proofs.domain import Proof, proof_of
from shared.postgres.locks import lock_exclusive, lock_shared
from shared.postgres.pool import Connection
from shared.postgres.text import storable

_LINKED: Final = "proven and provider in ('plex', 'jellyfin', 'emby')"


class SeerrPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A person as Seerr needs them: `discord_ids`, newest first, and `proofs` of current and earlier users."""

    person_id: str
    name: str
    accounts: list[Account]
    discord_ids: list[str]
    seerr_user_id: int | None = None
    is_token_given: bool = False
    proofs: list[Proof] = []

    @property
    def proof(self) -> Proof | None:
        """Return the proof of the person's current user."""
        return next((each for each in self.proofs if each.number == self.seerr_user_id), None)


async def lock_to_match(connection: Connection) -> None:
    """Keep others from giving users of Seerr and from merging persons, until the transaction ends."""
    await lock_shared(connection, "linker", "merges")
    await lock_exclusive(connection, "linker", "seerr")


async def person_of(connection: Connection, person_id: str) -> SeerrPerson | None:
    """Return a person, or the one that a merged person became part of."""
    row = await connection.fetchrow(
        """with recursive chain as (
            select id, name, seerr_user_id, merged_into from persons where id = $1
            union all
            select persons.id, persons.name, persons.seerr_user_id, persons.merged_into
            from persons join chain on persons.id = chain.merged_into)
        select chain.id, name, seerr_user_id, token_given_at is not null as is_token_given
        from chain left join seerr_matches on person_id = chain.id where merged_into is null""",
        person_id,
    )
    if row is None:
        return None
    identities = await connection.fetch(
        f"""select provider, id, username, server, email from identities
        where person_id = $1 and (provider = 'discord' or {_LINKED})
        order by linked_at desc, provider, server, id""",  # noqa: S608 (a constant)
        row["id"],
    )
    return SeerrPerson(
        person_id=row["id"],
        name=row["name"],
        accounts=[Account(**dict(one)) for one in identities if one["provider"] != "discord"],
        discord_ids=[one["id"] for one in identities if one["provider"] == "discord"],
        seerr_user_id=row["seerr_user_id"],
        is_token_given=row["is_token_given"] or False,
        proofs=await proofs.proofs_of(connection, row["id"]),
    )


async def linked_persons(connection: Connection, person_id: str, *, limit: int) -> list[str]:
    """Return the next persons after this one, by id, who have an account that Seerr may know."""
    rows = await connection.fetch(
        f"""select id from persons where id > $1 and merged_into is null
        and exists (select 1 from identities where person_id = persons.id and {_LINKED})
        order by id limit $2""",  # noqa: S608 (a constant)
        person_id,
        limit,
    )
    return [row["id"] for row in rows]


async def count_linked(connection: Connection) -> int:
    """Return how many persons have an account that Seerr may know."""
    return int(
        await connection.fetchval(
            f"""select count(*) from persons where merged_into is null
            and exists (select 1 from identities where person_id = persons.id and {_LINKED})"""  # noqa: S608 (a constant)
        )
    )


async def searched_persons(connection: Connection, person_id: str, *, limit: int) -> dict[str, int | None]:
    """Return the next persons after this one, by id, whose user was searched, each with the user found."""
    rows = await connection.fetch(
        """select id, seerr_user_id from persons where id > $1 and merged_into is null and (seerr_user_id is not null
            or exists (select 1 from seerr_matches where person_id = persons.id)
            or exists (select 1 from identities where person_id = persons.id and provider = 'seerr'))
        order by id limit $2""",
        person_id,
        limit,
    )
    return {row["id"]: row["seerr_user_id"] for row in rows}


async def holder_of(connection: Connection, number: int) -> str | None:
    """Return which person has a user of Seerr."""
    found: str | None = await connection.fetchval(
        """select id from persons where seerr_user_id = $1 and merged_into is null
        union select person_id from identities where provider = 'seerr' and server = '' and id = $2 limit 1""",
        number,
        str(number),
    )
    return found


async def discord_ids_of_holder(connection: Connection, number: int) -> frozenset[str]:
    """Return the Discord ids of the person who has a user of Seerr."""
    holder = await holder_of(connection, number)
    person = None if holder is None else await person_of(connection, holder)
    return frozenset() if person is None else frozenset(person.discord_ids)


async def contested_names(connection: Connection, person: SeerrPerson) -> frozenset[str]:
    """Return the names of a person's accounts that other persons' accounts have too."""
    names = {fold_name(account.username) for account in person.accounts}
    rows = await connection.fetch(
        """select username from identities where person_id <> $1 and provider in ('plex', 'jellyfin', 'emby')
        and lower(btrim(username)) = any($2::text[])""",
        person.person_id,
        sorted(names | {account.username.strip().lower() for account in person.accounts}),
    )
    return frozenset(fold_name(row["username"]) for row in rows) & names


async def give_user(connection: Connection, person: SeerrPerson, match: Match, *, url: str, at: datetime) -> None:
    """Store that a user of Seerr is this person's, in place of the one that they had."""
    number = match.user.id
    written = {each for proof in person.proofs if match.by == "proof" for each in proof.written}
    await remove_user(connection, person.person_id)
    await connection.execute("update persons set seerr_user_id = $2 where id = $1", person.person_id, number)
    await connection.execute(
        """insert into identities (provider, server, id, person_id, username, email, proven, linked_at)
        values ('seerr', '', $1, $2, $3, null, $4, $5)""",
        str(number),
        person.person_id,
        storable(display_name(match.user)),
        match.by in {"id", "unique_name"},
        at,
    )
    await note_search(connection, person.person_id, url=url, reason=None, at=at)
    await proofs.save(connection, person.person_id, proof_of(match.user, written=written), at=at)


async def update_user(connection: Connection, person_id: str, proof: Proof, *, at: datetime) -> None:
    """Store what a person's user is called and known by now."""
    await connection.execute(
        "update identities set username = $3 where person_id = $1 and provider = 'seerr' and server = '' and id = $2",
        person_id,
        str(proof.number),
        storable(proof.name or str(proof.number)),
    )
    await proofs.save(connection, person_id, proof, at=at)


async def note_import(connection: Connection, person_id: str, reason: str | None) -> None:
    """Store why a person's user was created and not imported; None if there is no longer a reason."""
    await connection.execute(
        "update seerr_matches set import_reason = $2 where person_id = $1",
        person_id,
        None if reason is None else storable(reason),
    )


async def note_import_problem(connection: Connection, problem: str | None) -> None:
    """Store what keeps Seerr from importing, shown with Seerr's health; None if it imports again."""
    await connection.execute(
        """update servers set import_problem = $1,
            problem = case when problem is null or problem = import_problem then $1 else problem end
        where type = 'seerr' and import_problem is distinct from $1""",
        None if problem is None else storable(problem),
    )


async def remove_user(connection: Connection, person_id: str) -> None:
    """Store that a person no longer has a user of Seerr; the proofs stay."""
    await connection.execute("delete from identities where person_id = $1 and provider = 'seerr'", person_id)
    await connection.execute("update persons set seerr_user_id = null where id = $1", person_id)
    await connection.execute("delete from seerr_matches where person_id = $1", person_id)


async def remove_account(connection: Connection, person_id: str, number: int) -> None:
    """Store that an extra user, beside the person's own, is not theirs."""
    await connection.execute(
        "delete from identities where person_id = $1 and provider = 'seerr' and id = $2", person_id, str(number)
    )


async def note_search(connection: Connection, person_id: str, *, url: str, reason: str | None, at: datetime) -> None:
    """Store where a person's user was searched, and why there is none."""
    await connection.execute(
        """insert into seerr_matches (person_id, url, tried_at, reason) values ($1, $2, $3, $4)
        on conflict (person_id) do update
        set url = excluded.url, tried_at = excluded.tried_at, reason = excluded.reason""",
        person_id,
        url,
        at,
        None if reason is None else storable(reason),
    )


async def note_problem(connection: Connection, person_id: str, reason: str) -> None:
    """Store why a person's user could not be written to."""
    await connection.execute("update seerr_matches set reason = $2 where person_id = $1", person_id, storable(reason))


async def note_discord_id(connection: Connection, person_id: str, *, discord_id: str) -> None:
    """Store that a person's user has their Discord id."""
    await connection.execute(
        "update seerr_matches set discord_id = $2, reason = null where person_id = $1", person_id, discord_id
    )


async def note_token(connection: Connection, person_id: str, *, refusal: str | None, at: datetime) -> None:
    """Store that Seerr took a person's token, or why it did not."""
    await connection.execute(
        """update seerr_matches
        set token_reason = $2, token_given_at = case when $2::text is null then $3::timestamptz end
        where person_id = $1""",
        person_id,
        None if refusal is None else storable(refusal),
        at,
    )


async def note_discord_ids(connection: Connection, found: Mapping[int, Collection[str]], *, at: datetime) -> None:
    """Store which Discord ids these users of Seerr have, in place of those stored."""
    await connection.execute("delete from seerr_discord_ids where seerr_user_id = any($1::int[])", list(found))
    await connection.executemany(
        "insert into seerr_discord_ids (seerr_user_id, discord_id, seen_at) values ($1, $2, $3) on conflict do nothing",
        [(number, storable(each), at) for number, ids in sorted(found.items()) for each in sorted(ids)],
    )


async def forget_discord_ids(connection: Connection, *, before: datetime) -> None:
    """Forget the Discord ids of users that were gone when all were read."""
    await connection.execute("delete from seerr_discord_ids where seen_at < $1", before)


async def stray_users(connection: Connection, discord_ids: Sequence[str], *, number: int) -> list[tuple[int, str]]:
    """Return other users of Seerr with these Discord ids that belong to nobody, each with the id."""
    rows = await connection.fetch(
        """select seerr_user_id, discord_id from seerr_discord_ids
        where discord_id = any($1::text[]) and seerr_user_id <> $2 and not exists (
            select 1 from persons where persons.seerr_user_id = seerr_discord_ids.seerr_user_id and merged_into is null)
        order by seerr_user_id, discord_id""",
        list(discord_ids),
        number,
    )
    return [(row["seerr_user_id"], row["discord_id"]) for row in rows]


async def persons_to_write(connection: Connection) -> list[str]:
    """Return the persons whose Discord id is not written to their user yet, or is at a user of nobody's too.

    Persons who removed it in Seerr themselves are left alone.
    """
    rows: list[asyncpg.Record] = await connection.fetch(
        """select distinct persons.id from persons
        join seerr_matches on seerr_matches.person_id = persons.id
        join identities on identities.person_id = persons.id and provider = 'discord'
        where persons.seerr_user_id is not null and merged_into is null and (
            seerr_matches.discord_id is null
            or exists (select 1 from seerr_discord_ids known
                where known.discord_id = identities.id and known.seerr_user_id <> persons.seerr_user_id
                and not exists (select 1 from persons others
                    where others.seerr_user_id = known.seerr_user_id and others.merged_into is null)))
        order by persons.id"""
    )
    return [row["id"] for row in rows]
