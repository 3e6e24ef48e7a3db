"""The syncer's SQL for duplicate plays: a viewing reported again, or seen on two accounts of one person."""

from services.syncer.history.same_viewing import WIDEST, Duplicates, Viewing
from services.syncer.history.store import plays
from services.syncer.history.store.plays import PLAYS
from shared.postgres.pool import Connection
from shared.schemas.history import PersonRef


async def near_duplicates(connection: Connection, person: PersonRef) -> list[Viewing]:
    """Return a person's plays that may repeat a play of another of their accounts, in the order of storing."""
    rows = await connection.fetch(
        f"""{PLAYS} where person_id = $1 and exists (
            select from plays as other where other.person_id = $1 and other.keys && plays.keys
            and other.watched_at between plays.watched_at - $2::interval and plays.watched_at + $2::interval
            and (other.source, other.server, other.account_id) <> (plays.source, plays.server, plays.account_id)
            offset 0) -- looked up a play, by its time: as a join it can take minutes
        order by recorded_at, id""",
        person.id,
        WIDEST,
    )
    return [plays.viewing_of(row) for row in rows]


async def merge(connection: Connection, found: Duplicates) -> None:
    """Keep one play of a viewing that had several."""
    await plays.update_play(connection, found.kept)
    await connection.execute("delete from plays where id = any($1)", list(found.removed))
