"""`/api/users/…/settings`: what is set for single users, which the syncer keeps. Passwords go in and never come out."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, delete, get, put
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body, PathParameter, QueryParameter
from msgspec import UNSET, Meta, UnsetType

from services.gateway.access.audit import Audit
from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.api.mediaservers import RequestLimit
from services.gateway.ask import Ask
from services.gateway.page import NO_CONTROLS, Limit, Offset, Search
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


class UserSettingsController(Controller):
    """Hands questions on, with passwords sealed, and notes in the audit what was changed."""

    path, tags = "/users", ("users",)

    @get("/settings", summary="List users' settings", opt=needs("read"), responses=_PAGE)
    async def list_settings(
        self, ask: NamedDependency[Ask], search: Search = None, limit: Limit = 50, offset: Offset = 0
    ) -> UserSettingsPage:
        """List the users for whom something is set, by name. `search` looks in names."""
        return await ask(ListUserSettings(search=search, limit=limit, offset=offset))

    @get("/{username:str}/settings", summary="Show a user's settings", opt=needs("read"), responses=_ONE)
    async def show_settings(self, ask: NamedDependency[Ask], username: Username) -> UserSettings:
        """Show what is set for a user; 404 where nothing is. Of a password it says only whether there is one."""
        return await ask(FindUserSettings(username=username))

    @put(
        "/{username:str}/settings",
        summary="Change a user's settings",
        opt=needs("admin", audits="user_settings.changed"),
        responses=_CHANGED,
    )
    async def change_settings(
        self,
        ask: NamedDependency[Ask],
        sealer: NamedDependency[Sealer],
        audit: NamedDependency[Audit],
        username: Username,
        data: Annotated[ChangedSettings, _CHANGES],
        *,
        dry_run: DryRun = False,
    ) -> UserSettings:
        """Set something for a user, who need not be known yet. Again is the same as once, and the last change wins.

        What is left out stays as it is. Null takes it away: not blocked, not immune, no limit but their servers', no
        password. In the answer of a dry run, `changed_at` is since when something is set, null where nothing is.
        """
        given: dict[str, Any] = {
            name: value
            for name, value in ((name, getattr(data, name)) for name in ChangedSettings.__struct_fields__)
            if value is not UNSET
        }
        sent = dict(given)
        if password := given.get("password"):
            sent["password"] = sealer.seal(Secret(password), purpose=PASSWORD)
        settings = await ask(ChangeUserSettings(username=username, dry_run=dry_run, **sent))
        if not dry_run:
            await audit(f"{settings.username}: {', '.join(given) or 'nothing'}")
        return settings

    @delete(
        "/{username:str}/settings",
        summary="Clear a user's settings",
        status_code=200,
        opt=needs("admin", audits="user_settings.cleared"),
        responses=_ONE,
    )
    async def clear_settings(
        self, ask: NamedDependency[Ask], audit: NamedDependency[Audit], username: Username
    ) -> UserSettings:
        """Forget all that is set for a user, the password too, and say what it was."""
        settings = await ask(ClearUserSettings(username=username))
        await audit(settings.username)
        return settings
