"""`/api/keys`: API keys, each shown once."""

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body
from msgspec import Meta

from services.gateway.access import tokens
from services.gateway.access.audit import Audit
from services.gateway.access.persons import Persons
from services.gateway.access.scopes import Scope
from services.gateway.access.stream_access import StreamAccess
from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.page import NOT_BLANK, Id, Limit, Offset, PersonId, moment
from services.gateway.store import keys
from services.gateway.store.database import Database
from services.gateway.store.keys import ApiKey, KeyPage
from shared.errors import Fault, InvalidError, NotFoundError
from shared.schemas.identifiers import random_id

_AT: Final = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)


class WantedKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a key is for, what it allows, until when (null: for good), and whose it is.

    `admin` includes `write`, and that `read`. `self` allows what is the person's own, and goes only with `person_id`.
    """

    name: Annotated[str, Meta(min_length=1, max_length=100, pattern=NOT_BLANK)]
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=4)]
    expires_at: datetime | None = None
    person_id: PersonId | None = None


class MadeKey(msgspec.Struct, frozen=True, kw_only=True):
    """A new key: send `key` as `X-API-Key`. It is shown this once."""

    id: str
    name: str
    scopes: list[Scope]
    person_id: str | None
    key: str
    created_at: datetime
    expires_at: datetime | None


_WANTED: Final = Body(
    examples=[
        Example(value={"name": "home assistant", "scopes": ["read"], "expires_at": None}),
        Example(value={"name": "Ada's script", "scopes": ["self"], "person_id": "8p1vqk2c"}),
    ]
)
_KEY: Final = ApiKey(id="8p1v…", name="home assistant", scopes=["read"], created_at=_AT, last_used_at=_AT)
_MADE: Final = MadeKey(
    id="8p1v…",
    name="home assistant",
    scopes=["read"],
    person_id=None,
    key="usha_nHo5…",
    created_at=_AT,
    expires_at=None,
)


class KeyController(Controller):
    """Keys."""

    path, tags = "/keys", ("keys",)

    @get("/", summary="List API keys", opt=needs("admin"), responses=describe.shows(KeyPage([_KEY], 1, 50, 0)))
    async def list_keys(self, database: NamedDependency[Database], limit: Limit = 50, offset: Offset = 0) -> KeyPage:
        """List the keys; what they are is shown nowhere."""
        return await keys.page_of_keys(database.pool, limit=limit, offset=offset)

    @post(
        "/",
        summary="Make an API key",
        opt=needs("admin", audits="key.created"),
        responses=describe.shows(_MADE, status=201) | describe.WITH_BODY,
    )
    async def create_key(
        self,
        database: NamedDependency[Database],
        audit: NamedDependency[Audit],
        now: NamedDependency[datetime],
        persons: NamedDependency[Persons],
        data: Annotated[WantedKey, _WANTED],
    ) -> MadeKey:
        """Make a key. One with `person_id` acts as that person, and as nobody else without the scope `admin`."""
        token = tokens.new(tokens.API_KEY)
        expires_at = moment(data.expires_at, name="expires_at")
        if expires_at is not None and expires_at <= now:
            raise InvalidError("the key would be expired", faults=(Fault("expires_at", "expected a moment to come"),))
        key = ApiKey(
            id=random_id(),
            name=data.name,
            scopes=data.scopes,
            person_id=await _person_of(data, persons),
            created_at=now,
            expires_at=expires_at,
        )
        async with database.change() as work:
            await keys.add_key(work.connection, key, tokens.digest(token.reveal()))
            await audit(f"key {key.name}" + (f" of {key.person_id}" if key.person_id else ""), on=work)
        return MadeKey(
            id=key.id,
            name=key.name,
            scopes=key.scopes,
            person_id=key.person_id,
            key=token.reveal(),
            created_at=key.created_at,
            expires_at=key.expires_at,
        )

    @delete(
        "/{key_id:str}",
        summary="Delete an API key",
        opt=needs("admin", audits="key.deleted"),
        responses=describe.WITH_ID,
    )
    async def delete_key(
        self,
        database: NamedDependency[Database],
        stream_access: NamedDependency[StreamAccess],
        audit: NamedDependency[Audit],
        key_id: Id,
    ) -> None:
        """Make a key invalid at once; streams that are open by it end."""
        async with database.change() as work:
            name = await keys.remove_key(work.connection, key_id)
            if name is None:
                raise NotFoundError(f"there is no key {key_id!r}")
            stream_access.announce_end(work, key_id)
            await audit(f"key {name}", on=work)
        stream_access.end(key_id)


async def _person_of(data: WantedKey, persons: Persons) -> str | None:
    if data.person_id is not None:
        return await persons.known_id(data.person_id)
    if "self" in data.scopes:
        raise InvalidError("self allows what is a person's own", faults=(Fault("person_id", "say whose key it is"),))
    return None
