"""`/api/users/…/settings`: what is set for single users, which the syncer keeps. Passwords go in and never come out."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Router, delete, get, put
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body, PathParameter, QueryParameter
from msgspec import UNSET, Meta, UnsetType

from services.gateway.access.caller import Caller
from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.api.handlers import free
from services.gateway.api.mediaservers import RequestLimit
from services.gateway.page import NO_CONTROLS, Limit, Offset, Search
from services.gateway.store import audit
from shared.bus.connection import Bus
from shared.bus.questions import ask
from shared.postgres.pool import Pool, transaction
from shared.schemas.secret import Secret
from shared.schemas.users import (
    PASSWORD,
    ChangeUserSettings,
    ClearUserSettings,
    FindUserSettings,
    ListUserSettings,
    UserSettings,
    UserSettingsPage,
)
from shared.sealing import Sealer

Password = Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_CONTROLS)]
Username = Annotated[
    str,
    PathParameter(
        min_length=1,
        max_length=200,
        description="the user's name in Seerr or on a media server; case and spaces around it do not count",
    ),
]
DryRun = Annotated[bool, QueryParameter(description="change nothing, and say how it would be")]


class ChangedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is to be set: what is left out stays, null takes it away."""

    blocked: bool | UnsetType | None = UNSET
    immune: bool | UnsetType | None = UNSET
    password: Password | UnsetType | None = UNSET
    request_limit: RequestLimit | UnsetType | None = UNSET


_SETTINGS: Final = UserSettings(
    username="ada",
    blocked=False,
    immune=True,
    request_limit=10,
    has_password=True,
    changed_at=datetime(2026, 1, 31, 18, 0, tzinfo=UTC),
)
_CHANGES: Final = Body(examples=[Example(value={"immune": True, "request_limit": 10, "password": "xxxxxxxxxxxx"})])
_PAGE: Final = describe.shows(UserSettingsPage([_SETTINGS], 1, 50, 0))
_ONE: Final = describe.shows(_SETTINGS) | describe.WITH_ID
_CHANGED: Final = describe.shows(_SETTINGS) | describe.WITH_BODY


class UserSettingsRoutes:
    """Hands questions on, with passwords sealed, and notes in the audit what was changed."""

    def __init__(self, bus: Bus, pool: Pool, sealer: Sealer, *, now: Callable[[], datetime]) -> None:
        self._bus = bus
        self._pool = pool
        self._sealer = sealer
        self._now = now

    async def page(self, search: Search = None, limit: Limit = 50, offset: Offset = 0) -> UserSettingsPage:
        """List the users for whom something is set, by name. `search` looks in names."""
        question = ListUserSettings(search=search, limit=limit, offset=offset)
        return await ask(self._bus, question)

    async def one(self, username: Username) -> UserSettings:
        """Show what is set for a user; 404 where nothing is. Of a password it says only whether there is one."""
        return await ask(self._bus, FindUserSettings(username=username))

    async def change(
        self,
        caller: NamedDependency[Caller],
        username: Username,
        data: Annotated[ChangedSettings, _CHANGES],
        *,
        dry_run: DryRun = False,
    ) -> UserSettings:
        """Set something for a user, who need not be known yet. Again is the same as once, and the last change wins.

        What is left out stays as it is. Null takes it away: not blocked, not immune, no limit but his servers', no
        password. In the answer of a dry run, `changed_at` is since when something is set, null where nothing is.
        """
        given: dict[str, Any] = {
            name: value
            for name, value in ((name, getattr(data, name)) for name in ChangedSettings.__struct_fields__)
            if value is not UNSET
        }
        sent = dict(given)
        if password := given.get("password"):
            sent["password"] = self._sealer.seal(Secret(password), purpose=PASSWORD)
        question = ChangeUserSettings(username=username, dry_run=dry_run, **sent)
        settings = await ask(self._bus, question)
        if not dry_run:
            await self._note(caller, "user_settings.changed", f"{settings.username}: {', '.join(given) or 'nothing'}")
        return settings

    async def clear(self, caller: NamedDependency[Caller], username: Username) -> UserSettings:
        """Forget all that is set for a user, the password too, and say what it was."""
        settings = await ask(self._bus, ClearUserSettings(username=username))
        await self._note(caller, "user_settings.cleared", settings.username)
        return settings

    async def _note(self, caller: Caller, action: str, object: str) -> None:  # noqa: A002 (what the audit calls it)
        async with transaction(self._pool) as connection:
            await audit.note(connection, caller.did(action, object, at=self._now()))


def router(routes: UserSettingsRoutes) -> Router:
    """Return the routes; none of them is in the way of others under `/users`."""
    page = get("/settings", summary="List users' settings", opt=needs("read"), responses=_PAGE)
    one = get("/{username:str}/settings", summary="Show a user's settings", opt=needs("read"), responses=_ONE)
    change = put("/{username:str}/settings", summary="Change a user's settings", opt=needs("admin"), responses=_CHANGED)
    clear = delete(
        "/{username:str}/settings",
        summary="Clear a user's settings",
        status_code=200,
        opt=needs("admin"),
        responses=_ONE,
    )
    handlers = [
        page(free(routes.page)),
        one(free(routes.one)),
        change(free(routes.change)),
        clear(free(routes.clear)),
    ]
    return Router("/users", route_handlers=handlers, tags=["users"])
