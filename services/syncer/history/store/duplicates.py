"""The syncer's SQL for plays that turn out to be one viewing, once two accounts are one person's."""

from services.syncer.history.domain import WIDEST, Fold, Viewing
from services.syncer.history.store import plays
from services.syncer.history.store.plays import KNOWN
from shared.postgres.pool import Connection
from shared.schemas.history import PersonRef


async def near_duplicates(connection: Connection, person: PersonRef) -> list[Viewing]:
    """Return a person's plays that could be viewings of another account of theirs too, in the order of storing."""
    rows = await connection.fetch(
        f"""{KNOWN} where person_id = $1 and exists (
            select from plays as other where other.person_id = $1 and other.keys && plays.keys
            and other.watched_at between plays.watched_at - $2::interval and plays.watched_at + $2::interval
            and (other.source, other.server, other.account_id) <> (plays.source, plays.server, plays.account_id)
            offset 0) -- looked up a play, by its time: as a join it can take minutes
        order by recorded_at, id""",
        person.id,
        WIDEST,
    )
    return [plays.viewing_of(row) for row in rows]


async def fold(connection: Connection, fold: Fold) -> None:
    """Let one play stand for a viewing that had several."""
    await plays.learn_more(connection, fold.kept)
    await connection.execute("delete from plays where id = any($1)", list(fold.gone))
