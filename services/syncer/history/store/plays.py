"""The syncer's SQL for plays: their owners, storing them, finding them."""

from datetime import datetime

import asyncpg
import msgspec

from services.syncer.history.same_title import keys_of
from services.syncer.history.same_viewing import WIDEST, Viewing
from shared.postgres.locks import lock_exclusive, lock_shared
from shared.postgres.pool import Connection
from shared.schemas.history import PersonRef
from shared.schemas.media import Account, Ids, Title

PLAYS = """select id, feeder, feeder_server, source, server, account_id, account_name, type, title, show, season,
    episode, year, ids, show_ids, duration_s, item, watched_at, began_at, told_at
    from plays"""


async def lock_account(connection: Connection, account: Account) -> None:
    """Keep others from changing this account's plays and from merging people, until the transaction ends."""
    await lock_shared(connection, "syncer", "merges")
    await lock_exclusive(connection, "syncer", "account", account.source, account.server, account.id)


async def lock_person(connection: Connection, person: PersonRef) -> None:
    """Keep others from adding to a person's plays, on any account; always after the account's lock."""
    await lock_exclusive(connection, "syncer", "person", person.id)


async def owner_of(connection: Connection, account: Account) -> PersonRef | None:
    """Return the person to whom the linker gave this account."""
    row = await connection.fetchrow(
        "select person_id, person_name from accounts where source = $1 and server = $2 and id = $3 "
        "and person_id is not null",
        account.source,
        account.server,
        account.id,
    )
    return PersonRef(row["person_id"], row["person_name"]) if row else None


async def viewings_like(connection: Connection, viewing: Viewing, person: PersonRef | None) -> list[Viewing]:
    """Return plays of this account and its person that may be the same viewing: near in time, with a common key."""
    account = viewing.account
    rows = await connection.fetch(
        f"""{PLAYS} where watched_at between $4 and $5 and keys && $7 and ((source, server, account_id) = ($1, $2, $3)
            or ($6::text is not null and person_id = $6)) order by watched_at""",
        account.source,
        account.server,
        account.id,
        (viewing.began_at or viewing.watched_at) - WIDEST,
        (viewing.reported_at or viewing.watched_at) + WIDEST,
        person.id if person else None,
        keys_of(viewing.title, account=account),
    )
    return [viewing_of(row) for row in rows]


def viewing_of(row: asyncpg.Record) -> Viewing:
    """Return a row of `PLAYS` as a viewing."""
    fields = ("type", "title", "show", "season", "episode", "year", "duration_s", "item")
    return Viewing(
        id=row["id"],
        feeder=row["feeder"],
        feeder_server=row["feeder_server"],
        account=Account(row["source"], row["server"], row["account_id"], row["account_name"]),
        title=Title(
            **{name: row[name] for name in fields},
            ids=msgspec.json.decode(row["ids"], type=Ids),
            show_ids=msgspec.json.decode(row["show_ids"], type=Ids),
        ),
        watched_at=row["watched_at"],
        began_at=row["began_at"],
        reported_at=row["told_at"],
    )


async def record_play(connection: Connection, viewing: Viewing, person: PersonRef | None) -> None:
    """Store a viewing; storing the same id again (a replay with a better parser) updates the title.

    A replay that knows only the begin keeps the end that another report has given.
    """
    account, title = viewing.account, viewing.title
    await connection.execute(
        """insert into plays (id, feeder, feeder_server, source, server, account_id, account_name, person_id,
            person_name, type, title, show, season, episode, year, ids, show_ids, keys, duration_s, watched_at,
            item, began_at, told_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
            $22, $23)
        on conflict (id) do update set type = excluded.type, title = excluded.title, show = excluded.show,
            season = excluded.season, episode = excluded.episode, year = excluded.year, ids = excluded.ids,
            show_ids = excluded.show_ids, keys = excluded.keys, duration_s = excluded.duration_s,
            item = excluded.item,
            watched_at = case when excluded.began_at = excluded.watched_at and excluded.began_at = plays.began_at
                then plays.watched_at else excluded.watched_at end,
            began_at = coalesce(excluded.began_at, plays.began_at),
            told_at = coalesce(excluded.told_at, plays.told_at), source = excluded.source, server = excluded.server,
            account_id = excluded.account_id, account_name = excluded.account_name,
            person_id = excluded.person_id, person_name = excluded.person_name""",
        viewing.id,
        viewing.feeder,
        viewing.feeder_server,
        account.source,
        account.server,
        account.id,
        account.name,
        person.id if person else None,
        person.name if person else None,
        title.type,
        title.title,
        title.show,
        title.season,
        title.episode,
        title.year,
        _json(title.ids),
        _json(title.show_ids),
        keys_of(title, account=account),
        title.duration_s,
        viewing.watched_at,
        title.item,
        viewing.began_at,
        viewing.reported_at,
    )


async def update_play(connection: Connection, viewing: Viewing) -> None:
    """Store what a second report of a viewing adds to its title and time."""
    title = viewing.title
    await connection.execute(
        """update plays set ids = $2, show_ids = $3, year = $4, duration_s = $5, show = $6, season = $7, episode = $8,
            keys = $9, item = $10, watched_at = $11, began_at = $12, told_at = $13 where id = $1""",
        viewing.id,
        _json(title.ids),
        _json(title.show_ids),
        title.year,
        title.duration_s,
        title.show,
        title.season,
        title.episode,
        keys_of(title, account=viewing.account),
        title.item,
        viewing.watched_at,
        viewing.began_at,
        viewing.reported_at,
    )


async def record_unwatched(
    connection: Connection, unwatched_id: str, account: Account, title: Title, *, person: PersonRef | None, at: datetime
) -> None:
    """Store that an account has not watched a title; the same id is stored once."""
    await connection.execute(
        """insert into unwatched (id, source, server, account_id, account_name, person_id, type, title, keys,
            unwatched_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (id) do nothing""",
        unwatched_id,
        account.source,
        account.server,
        account.id,
        account.name,
        person.id if person else None,
        title.type,
        title.title,
        keys_of(title, account=account),
        at,
    )


def _json(ids: Ids) -> str:
    return msgspec.json.encode(ids).decode()
