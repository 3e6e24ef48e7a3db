"""What the syncer does with commands of Discord: shows people what they watched, and admins what others did."""

from typing import Final

import msgspec
from msgspec.structs import replace

from services.syncer.discord import messages
from services.syncer.discord.views import View, shortened, view_of
from services.syncer.history.store import ownership, persons, plays, queries
from shared.bus import streams
from shared.bus.message import Message as BusMessage
from shared.bus.work import Worker
from shared.discord.components import Form
from shared.discord.failures import OutdatedError
from shared.discord.interactions import CommandCalled, Done, Submitted
from shared.discord.messages import Message
from shared.discord.receiving import Asked
from shared.errors import ConflictError, ForbiddenError, NotFoundError
from shared.postgres.pool import Connection, Pool, transaction
from shared.schemas.events import AccountClaimed, AccountLinked
from shared.schemas.history import ListPlays, PersonRef
from shared.schemas.interactions import Choice, Choices, Suggest
from shared.schemas.media import Account

LINKS: Final = streams.SYNCER_LINKS.name
SHOWN: Final = 10
MOST_CHOICES: Final = 25


class Handlers:
    """Answers to commands, buttons and forms, and to people who are typing."""

    def __init__(self, *, worker: Worker, pool: Pool) -> None:
        self._worker = worker
        self._pool = pool

    async def answer(self, asked: Asked) -> Message:
        """Do what was asked for, and return what to say; raises what stands in the way."""
        view = _wanted(asked.did)
        async with transaction(self._pool) as connection:
            person = await _allowed(connection, asked, view.person)
            question = ListPlays(person=person.id, limit=SHOWN, offset=view.offset, search=view.search or None)
            page = await queries.page_of_plays(connection, question)
            return messages.history_of(person, page, search=view.search)

    async def form_for(self, asked: Asked) -> Form:
        """Return the form of the *Search* button; raises what stands in the way."""
        view = _wanted(asked.did)
        async with transaction(self._pool) as connection:
            person = await _allowed(connection, asked, view.person)
        return messages.search_in(person, view)

    async def choices_for(self, question: Suggest, *, is_admin: bool) -> Choices:
        """Return who fits what somebody types: admins may choose anybody, others themselves."""
        async with transaction(self._pool) as connection:
            if is_admin:
                found = await persons.persons_like(connection, question.typed, limit=MOST_CHOICES)
            else:
                own = await persons.person_of(connection, question.caller.id)
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
            await ownership.give_account(
                work.connection,
                AccountClaimed(
                    id=linked.id,
                    occurred_at=linked.occurred_at,
                    account=account,
                    person_id=linked.person_id,
                    person_name=linked.person_name,
                ),
            )


async def _allowed(connection: Connection, asked: Asked, wanted: str | None) -> PersonRef:
    """Return the person who is asked for, if the caller may see what they watched."""
    own = await persons.person_of(connection, asked.did.caller.id)
    if wanted is None:
        if own is None:
            raise NotFoundError("Usher does not know you yet: link your Plex account with /link")
        return own
    found = await persons.persons_named(connection, wanted)
    if own is not None and own in found and (len(found) == 1 or not asked.is_admin):
        return own
    if not asked.is_admin:
        raise ForbiddenError("only Usher's admins see what others watched")
    if len(found) > 1:
        raise ConflictError("several people have this name: choose one from the list")
    if not found:
        raise NotFoundError("no one has this name: choose someone from the list")
    return found[0]


def _wanted(did: Done) -> View:
    if isinstance(did, CommandCalled):
        view = View(person=did.options.text("person")) if did.command == "history" else None
    else:
        view = view_of(did.custom_id)
    if view is None:
        raise OutdatedError
    return replace(view, search=shortened(did.text(messages.TITLE))) if isinstance(did, Submitted) else view
