"""The settings of one user: general settings with the quotas, and notifications with the Discord ids."""

from collections.abc import Callable
from typing import Any, Final

from simulators.asgi import Handler, Request, Response, json_response
from simulators.seerr.authentication import Authentication
from simulators.seerr.dialect import Dialect
from simulators.seerr.refusals import refusal
from simulators.seerr.users import OWNER_ID, Permission, User, Users, UserType
from simulators.seerr.validation import MAIN, NOTIFICATIONS, body_of

_QUOTAS: Final = ("movieQuotaLimit", "movieQuotaDays", "tvQuotaLimit", "tvQuotaDays")
_GENERAL: Final = ("locale", "discoverRegion", "streamingRegion", "originalLanguage")
_WATCHLIST: Final = ("watchlistSyncMovies", "watchlistSyncTv")
_AGENTS: Final = (
    "pgpKey",
    "pushbulletAccessToken",
    "pushoverApplicationToken",
    "pushoverUserKey",
    "pushoverSound",
    "telegramChatId",
    "telegramMessageThreadId",
    "telegramSendSilently",
)


class SettingRoutes:
    """The routes under /user/{id}/settings.

    Notifications are answered before they are saved: with `saves_late` the next request still sees the old ones. With
    `settings_land_on_caller` a first row of settings is written for the caller instead of the user in the path.
    """

    def __init__(self, users: Users, authentication: Authentication, dialect: Dialect) -> None:
        self._users = users
        self._authentication = authentication
        self._dialect = dialect
        self.saves_late = False
        self.settings_land_on_caller = False
        self._unsaved: list[Callable[[], None]] = []
        self._due: list[Callable[[], None]] = []

    def routes(self) -> dict[str, Handler]:
        """Return the routes."""
        return {
            "GET /user/{userId}/settings/main": self._main,
            "POST /user/{userId}/settings/main": self._save_main,
            "GET /user/{userId}/settings/notifications": self._notifications,
            "POST /user/{userId}/settings/notifications": self._save_notifications,
            "GET /user/{userId}/settings/password": self._has_password,
            "POST /user/{userId}/settings/password": self._save_password,
        }

    def settle(self) -> None:
        """Save what the last request changed."""
        for save in self._due:
            save()
        self._due, self._unsaved = self._unsaved, []

    async def _main(self, request: Request) -> Response:
        user = self._require_access(request)
        quotas = {name: user.quotas.get(name) for name in _QUOTAS}
        defaults = {f"global{name[0].upper()}{name[1:]}": None for name in _QUOTAS}
        return json_response({**self._general(user), **quotas, **defaults})

    def _general(self, user: User) -> dict[str, Any]:
        row = user.settings or {}
        discord = {} if self._dialect.has_many_discord_ids else {"discordId": row.get("discordId")}
        shown = {"username": user.username, "email": user.email, **discord}
        return shown | {name: row.get(name) for name in (*_GENERAL, *_WATCHLIST)}

    async def _save_main(self, request: Request) -> Response:
        body = body_of(request, MAIN)
        user = self._require_access(request, to_write=True)
        caller = self._authentication.caller(request)
        self._save_email(user, body)
        user.username = body.get("username", user.username)
        if not user.may(Permission.MANAGE_USERS) and caller.id != user.id:
            user.quotas = {**user.quotas, **{name: body[name] for name in _QUOTAS if name in body}}
        names = (
            (*_GENERAL, *_WATCHLIST) if self._dialect.has_many_discord_ids else (*_GENERAL, *_WATCHLIST, "discordId")
        )
        self._write(user, caller, {name: body[name] for name in names if name in body})
        return json_response(self._general(user))

    def _save_email(self, user: User, body: dict[str, Any]) -> None:
        if user.user_type is UserType.PLEX:
            return
        email = (body.get("email") or user.jellyfin_username or user.email).lower()
        owner = self._users.with_email(email)
        if owner is not None and owner is not user:
            raise refusal(400, "INVALID_EMAIL")
        user.email = email

    async def _notifications(self, request: Request) -> Response:
        row = self._require_access(request).settings or {}
        return json_response(
            {
                "emailEnabled": False,
                "discordEnabled": False,
                "discordEnabledTypes": 0,
                "telegramEnabled": False,
                "telegramBotUsername": "",
                "webPushEnabled": False,
                **self._agents(row),
                "notificationTypes": row.get("notificationTypes") or {},
            }
        )

    def _agents(self, row: dict[str, Any]) -> dict[str, Any]:
        discord = {self._discord: row.get(self._discord) or ([] if self._dialect.has_many_discord_ids else None)}
        return {**{name: row.get(name) for name in _AGENTS}, **discord}

    @property
    def _discord(self) -> str:
        return "discordIds" if self._dialect.has_many_discord_ids else "discordId"

    async def _save_notifications(self, request: Request) -> Response:
        fields = (
            {**NOTIFICATIONS, "discordIds": "array of strings"} if self._dialect.has_many_discord_ids else NOTIFICATIONS
        )
        body = body_of(request, fields)
        user = self._require_access(request, to_write=True)
        caller = self._authentication.caller(request)
        changes = {name: body[name] for name in (*_AGENTS, self._discord) if name in body}
        types = {**((user.settings or {}).get("notificationTypes") or {}), **(body.get("notificationTypes") or {})}
        changes["notificationTypes"] = types
        if self.saves_late:
            self._unsaved.append(lambda: self._write(user, caller, changes))
        else:
            self._write(user, caller, changes)
        return json_response({**self._agents({**(user.settings or {}), **changes}), "notificationTypes": types})

    def _write(self, user: User, caller: User, changes: dict[str, Any]) -> None:
        target = caller if user.settings is None and self.settings_land_on_caller else user
        target.settings = {**(target.settings or {}), **changes}
        self._users.touch(user)

    async def _has_password(self, request: Request) -> Response:
        return json_response({"hasPassword": self._require_access(request).password is not None})

    async def _save_password(self, request: Request) -> Response:
        body = body_of(request, {"currentPassword": "string?", "newPassword": "string"}, required=("newPassword",))
        user = self._require_access(request)
        caller = self._authentication.caller(request)
        if len(body["newPassword"]) < 8:  # noqa: PLR2004 - Seerr's rule
            raise refusal(400, "Password must be at least 8 characters.")
        if user.may(Permission.ADMIN) and caller.id not in {OWNER_ID, user.id}:
            raise refusal(403, "You do not have permission to modify this user's password.")
        if caller.id == user.id and user.password is not None and body.get("currentPassword") != user.password:
            raise refusal(403, "Current password is invalid.")
        user.password = body["newPassword"]
        return Response(status=204)

    def _require_access(self, request: Request, *, to_write: bool = False) -> User:
        caller = self._authentication.caller(request)
        if not caller.may(Permission.MANAGE_USERS) and str(caller.id) != request.values["userId"]:
            raise refusal(403, "You do not have permission to view this user's settings.")
        user = self._authentication.user_in_path(request)
        if to_write and user.id == OWNER_ID != caller.id:
            raise refusal(403, "You do not have permission to modify this user's settings.")
        return user
