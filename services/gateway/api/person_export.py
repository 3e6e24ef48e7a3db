"""`/api/people/{id}/export`: what Usher knows of a person, as one JSON object that is sent as it is read."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Example
from litestar.response import Stream

from services.gateway.access.caller import Caller
from services.gateway.api import describe
from services.gateway.api.acting import who
from services.gateway.api.guards import needs
from services.gateway.ask import Ask
from services.gateway.page import MAX_LIMIT, Id
from services.gateway.store import sessions_and_keys
from services.gateway.store.database import Database
from shared.errors import NotFoundError
from shared.postgres.pool import Pool
from shared.schemas.history import ListPlays
from shared.schemas.people import FindPerson, Person
from shared.schemas.signins import AccountHolder, Integration, ListConnections, ListSignIns
from shared.schemas.users import FindUserSettings, UserSettings, name_key

_TYPE: Final = "application/json"
_TICK: Final = timedelta(microseconds=1)
_EXAMPLE: Final = (
    '{"exported_at":"2026-01-31T18:00:00Z","person":{"id":"8p1vqk2c","name":"Ada",…},"integrations":[],"sign_ins":[],'
    '"settings":[],"keys":[],"sessions":[],"plays":[…]}'
)
_EXPORT: Final = ResponseSpec(
    str, description="everything", media_type=_TYPE, examples=[Example(value=_EXAMPLE)], generate_examples=False
)


class PersonExportController(Controller):
    """The export."""

    path, tags = "/people", ("people",)

    @get(
        "/{person_id:str}/export",
        summary="Export what is known of a person",
        opt=needs("read", own=True, endless=True),
        responses={200: _EXPORT} | describe.WITH_ID,
        media_type=_TYPE,
    )
    async def export_person(
        self,
        ask: NamedDependency[Ask],
        caller: NamedDependency[Caller],
        database: NamedDependency[Database],
        now: NamedDependency[datetime],
        person_id: Id,
    ) -> Stream:
        """Export a person: identities, linked accounts, sign-ins, settings, keys, sessions and all plays; no secrets.

        Others' needs the scope admin. An answer that breaks off, as when a service goes away, is no complete JSON.
        """
        person = await ask(FindPerson(person_id=caller.act_for(person_id) or person_id))
        known = {
            "exported_at": now,
            "person": person,
            **await _known_of(ask, database.pool, person, who(caller, person.id)),
        }
        return Stream(
            _export(ask, known, person.id),
            media_type=_TYPE,
            headers={
                "Cache-Control": "no-store",
                "Content-Disposition": f'attachment; filename="usher-{person.id}.json"',
            },
        )


async def _known_of(ask: Ask, pool: Pool, person: Person, holder: AccountHolder) -> dict[str, Any]:
    """Return what is little: all but the plays."""
    history = await ask(ListSignIns(person_id=person.id))
    return {
        "integrations": await _integrations(ask, holder),
        "sign_ins": history.items,
        "settings": await _settings(ask, history.user_names),
        "keys": await sessions_and_keys.keys_of(pool, history.person_ids),
        "sessions": await sessions_and_keys.sessions_of(pool, history.person_ids),
    }


async def _integrations(ask: Ask, holder: AccountHolder) -> list[Integration]:
    found: list[Integration] = []
    while True:
        page = await ask(ListConnections(who=holder, limit=MAX_LIMIT, offset=len(found)))
        found += page.items
        if len(page.items) < MAX_LIMIT:
            return found


async def _settings(ask: Ask, names: Sequence[str]) -> list[UserSettings]:
    """Return what is set for a person's names; what is set for a name that others have too may be theirs."""
    found = []
    for name in {name_key(name): name for name in names}.values():
        try:
            found.append(await ask(FindUserSettings(username=name)))
        except NotFoundError:
            continue
    return found


async def _export(ask: Ask, known: dict[str, Any], person_id: str) -> AsyncIterator[bytes]:
    yield msgspec.json.encode(known)[:-1] + b',"plays":['
    separator = b""
    async for page in _pages_of_plays(ask, person_id):
        yield separator + page
        separator = b","
    yield b"]}"


async def _pages_of_plays(ask: Ask, person_id: str) -> AsyncIterator[bytes]:
    """Yield plays, newest first; plays that come in meanwhile shift nothing, as each page begins at a moment."""
    until: datetime | None = None
    sent = 0
    while True:
        page = await ask(ListPlays(person=person_id, until=until, limit=MAX_LIMIT, offset=sent))
        if page.items:
            yield msgspec.json.encode(page.items)[1:-1]
        if len(page.items) < MAX_LIMIT:
            return
        last = page.items[-1].watched_at
        of_last = sum(play.watched_at == last for play in page.items)
        sent = sent + of_last if until == last + _TICK else of_last
        until = last + _TICK
