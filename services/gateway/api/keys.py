"""`/api/keys`: API keys, each shown once."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body
from msgspec import Meta

from services.gateway.access import tokens
from services.gateway.access.caller import Caller
from services.gateway.access.scopes import Scope
from services.gateway.access.watching import Watching
from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.api.handlers import free
from services.gateway.page import NOT_BLANK, Id, Limit, Offset, moment
from services.gateway.store import audit, keys
from services.gateway.store.keys import ApiKey, KeyPage
from shared.bus.work import Worker
from shared.errors import Fault, InvalidError, NotFoundError
from shared.postgres.pool import Pool, transaction
from shared.schemas.identifiers import random_id

_AT: Final = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)


class WantedKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a key is for, what it allows, and until when (null: for good). `write` includes `read`, `admin` both."""

    name: Annotated[str, Meta(min_length=1, max_length=100, pattern=NOT_BLANK)]
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=3)]
    expires_at: datetime | None = None


class MadeKey(msgspec.Struct, frozen=True, kw_only=True):
    """A new key: send `key` as `X-API-Key`. It is shown this once."""

    id: str
    name: str
    scopes: list[Scope]
    key: str
    created_at: datetime
    expires_at: datetime | None


_WANTED: Final = Body(examples=[Example(value={"name": "home assistant", "scopes": ["read"], "expires_at": None})])
_KEY: Final = ApiKey(id="8p1v…", name="home assistant", scopes=["read"], created_at=_AT, last_used_at=_AT)
_MADE: Final = MadeKey(
    id="8p1v…", name="home assistant", scopes=["read"], key="usha_nHo5…", created_at=_AT, expires_at=None
)


class KeyRoutes:
    """Keys."""

    def __init__(self, pool: Pool, worker: Worker, watching: Watching, *, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._worker = worker
        self._watching = watching
        self._now = now

    async def page(self, limit: Limit = 50, offset: Offset = 0) -> KeyPage:
        """List the keys; what they are is shown nowhere."""
        return await keys.page_of_keys(self._pool, limit=limit, offset=offset)

    async def create(self, caller: NamedDependency[Caller], data: Annotated[WantedKey, _WANTED]) -> MadeKey:
        """Make a key."""
        token = tokens.new(tokens.API_KEY)
        key = ApiKey(
            id=random_id(),
            name=data.name,
            scopes=data.scopes,
            created_at=self._now(),
            expires_at=self._future(moment(data.expires_at, name="expires_at")),
        )
        async with transaction(self._pool) as connection:
            await keys.add_key(connection, key, tokens.digest(token.reveal()))
            await audit.note(connection, caller.did("key.created", f"key {key.name}", at=self._now()))
        return MadeKey(
            id=key.id,
            name=key.name,
            scopes=key.scopes,
            key=token.reveal(),
            created_at=key.created_at,
            expires_at=key.expires_at,
        )

    async def remove(self, caller: NamedDependency[Caller], key_id: Id) -> None:
        """Make a key invalid at once; streams that are open by it end."""
        async with self._worker.on_request() as work:
            name = await keys.remove_key(work.connection, key_id)
            if name is None:
                raise NotFoundError(f"there is no key {key_id!r}")
            self._watching.say(work, key_id)
            await audit.note(work.connection, caller.did("key.deleted", f"key {name}", at=self._now()))
        self._watching.end(key_id)

    def _future(self, expires_at: datetime | None) -> datetime | None:
        if expires_at is not None and expires_at <= self._now():
            raise InvalidError("the key would be expired", faults=(Fault("expires_at", "expected a moment to come"),))
        return expires_at


def router(routes: KeyRoutes) -> Router:
    """Return the routes."""
    page = get("/", summary="List API keys", opt=needs("admin"), responses=describe.shows(KeyPage([_KEY], 1, 50, 0)))
    create = post(
        "/",
        summary="Make an API key",
        opt=needs("admin"),
        responses=describe.shows(_MADE, status=201) | describe.WITH_BODY,
    )
    remove = delete("/{key_id:str}", summary="Delete an API key", opt=needs("admin"), responses=describe.WITH_ID)
    handlers = [page(free(routes.page)), create(free(routes.create)), remove(free(routes.remove))]
    return Router("/keys", route_handlers=handlers, tags=["keys"])
