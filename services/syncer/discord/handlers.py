"""What the syncer does with commands of Discord: shows what somebody watched, to himself and to admins."""

from typing import Final

import msgspec

from services.syncer.discord import messages
from services.syncer.history.store import persons, plays, queries
from shared.bus import streams
from shared.bus.message import Message as BusMessage
from shared.bus.work import Worker
from shared.clients.discord.custom_ids import parsed
from shared.clients.discord.interactions import Clicked, CommandCalled
from shared.clients.discord.messages import Message
from shared.clients.discord.receiving import OUTDATED, Asked
from shared.errors import ConflictError, ForbiddenError, NotFoundError
from shared.postgres.pool import Connection, Pool, transaction
from shared.schemas.events import AccountClaimed, AccountLinked
from shared.schemas.history import ListPlays, PersonRef
from shared.schemas.interactions import Choice, Choices, Suggest
from shared.schemas.media import Account

LINKS: Final = streams.SYNCER_LINKS.name
SHOWN: Final = 10
MOST_CHOICES: Final = 25
_FURTHEST: Final = 1_000_000


class Handlers:
    """Answers to commands, buttons, and to who is typing."""

    def __init__(self, *, worker: Worker, pool: Pool) -> None:
        self._worker = worker
        self._pool = pool

    async def answer(self, asked: Asked) -> Message:
        """Do what was asked for, and return what to say; raises what stands in the way."""
        match asked.did:
            case CommandCalled(command="history", options=options):
                return await self._history(asked, options.text("person"), offset=0)
            case Clicked(custom_id=custom_id):
                page = _page(custom_id)
                return OUTDATED if page is None else await self._history(asked, page[0], offset=page[1])
            case _:
                return OUTDATED

    async def suggest(self, question: Suggest) -> Choices:
        """Answer what fits what somebody types: everybody for admins, himself for others."""
        async with transaction(self._pool) as connection:
            if question.is_admin:
                found = await persons.persons_like(connection, question.typed, limit=MOST_CHOICES)
            else:
                own = await persons.person_of(connection, question.user_id)
                found = [] if own is None else [own]
        return Choices([Choice(person.name, person.id) for person in found])

    async def learn_link(self, message: BusMessage) -> None:
        """Keep which person a Discord user is."""
        linked = msgspec.json.decode(message.payload, type=AccountLinked)
        if linked.discord_id is None:
            return
        async with self._worker.once(consumer=LINKS, message_id=message.id) as work:
            account = Account(persons.DISCORD, "", linked.discord_id, linked.person_name)
            await plays.lock_account(work.connection, account)
            await plays.give_account(
                work.connection,
                AccountClaimed(
                    id=linked.id,
                    occurred_at=linked.occurred_at,
                    account=account,
                    person_id=linked.person_id,
                    person_name=linked.person_name,
                ),
            )

    async def _history(self, asked: Asked, wanted: str | None, *, offset: int) -> Message:
        async with transaction(self._pool) as connection:
            person = await _allowed(connection, asked, wanted)
            question = ListPlays(person=person.id, limit=SHOWN, offset=offset)
            return messages.history_of(person, await queries.page_of_plays(connection, question))


async def _allowed(connection: Connection, asked: Asked, wanted: str | None) -> PersonRef:
    """Return the person who is asked for, if the caller may see him."""
    own = await persons.person_of(connection, asked.did.caller.id)
    if wanted is None:
        if own is None:
            raise NotFoundError("Usher does not know you yet: link your Plex account with /link")
        return own
    found = await persons.persons_named(connection, wanted)
    if own is not None and own in found and (len(found) == 1 or not asked.interaction.is_admin):
        return own
    if not asked.interaction.is_admin:
        raise ForbiddenError("only Usher's admins see what others watched")
    if len(found) > 1:
        raise ConflictError("several people are called so: choose one from the list")
    if not found:
        raise NotFoundError("nobody is called so: choose somebody from the list")
    return found[0]


def _page(custom_id: str) -> tuple[str, int] | None:
    """Return whose plays a button shows, and from where on."""
    match parsed(custom_id):
        case None:
            return None
        case found if found.action != messages.HISTORY or len(found.state) != 2:  # noqa: PLR2004
            return None
        case found:
            person_id, offset = found.state
            is_number = offset.isascii() and offset.isdecimal() and len(offset) <= len(str(_FURTHEST))
            return (person_id, int(offset)) if person_id and is_number else None
