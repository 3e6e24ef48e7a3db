"""How accounts of a media server become Seerr users: by import, by sign-in, or linked to an existing user."""

from typing import Final

from simulators.asgi import Handler, Request, Response, json_response
from simulators.determinism import Ids
from simulators.seerr.authentication import Authentication
from simulators.seerr.dialect import Dialect
from simulators.seerr.importing import BlankTwiceError, Imports, PlexListError
from simulators.seerr.refusals import refusal
from simulators.seerr.users import OWNER_ID, Permission, User, Users, UserType
from simulators.seerr.validation import body_of

_PLEX: Final = 1
_LOGIN_DISABLED: Final = "Plex login is disabled"


class AccountRoutes:
    """The routes that import, sign in and link accounts of the media server."""

    def __init__(self, users: Users, authentication: Authentication, imports: Imports, ids: Ids) -> None:
        self._users = users
        self._authentication = authentication
        self._imports = imports
        self._ids = ids

    def routes(self, dialect: Dialect) -> dict[str, Handler]:
        """Return the routes that this dialect has."""
        plex: dict[str, Handler] = {
            "POST /auth/plex": self._sign_in,
            "POST /user/import-from-plex": self._import_plex,
            "GET /settings/plex/users": self._plex_users,
        }
        more: dict[str, Handler] = {
            "POST /user/import-from-jellyfin": self._import_jellyfin,
            "GET /settings/jellyfin/users": self._jellyfin_users,
            "POST /user/{userId}/settings/linked-accounts/plex": self._link_plex,
            "DELETE /user/{userId}/settings/linked-accounts/plex": self._unlink_plex,
        }
        return plex | more if dialect.speaks_jellyfin else plex

    async def _sign_in(self, request: Request) -> Response:
        token = body_of(request, {"authToken": "string"}, required=("authToken",))["authToken"]
        if self._imports.media_server_type != _PLEX:
            return json_response({"error": _LOGIN_DISABLED}, 500)
        account = None if self._imports.plex is None else self._imports.plex.holder(token)
        if account is None:
            raise refusal(500, "Unable to authenticate.")
        user = self._imports.sign_in_plex(account, token)
        if user is None:
            raise refusal(403, "Access denied.")
        cookie = f"connect.sid=s%3A{self._ids.token('session', 32)}; Path=/; HttpOnly; SameSite=Lax"
        return json_response(self._users.saved(user), 200, set_cookie=cookie)

    async def _import_plex(self, request: Request) -> Response:
        self._authentication.caller(request, Permission.MANAGE_USERS)
        wanted = body_of(request, {"plexIds": "array of strings"}).get("plexIds") if request.body else None
        try:
            listed = self._imports.candidates()
        except PlexListError as exc:
            raise refusal(500, str(exc)) from exc
        chosen = [each for each in listed if not wanted or str(each.id) in wanted]
        created = [user for each in chosen if (user := self._imports.import_plex(each)) is not None]
        return json_response([self._users.saved(user) for user in created], 201)

    async def _plex_users(self, request: Request) -> Response:
        self._authentication.caller(request, Permission.MANAGE_USERS)
        known = {user.plex_id for user in self._users.by_id.values()}
        try:
            listed = self._imports.candidates()
        except PlexListError as exc:
            raise refusal(500, "Unable to retrieve unimported Plex users.") from exc
        found = [each for each in listed if each.email and each.id not in known]
        return json_response(
            [
                {"id": str(each.id), "title": each.title, "username": each.username, "email": each.email}
                | {"thumb": each.thumb}
                for each in found
                if self._imports.has_access(each)
            ]
        )

    async def _import_jellyfin(self, request: Request) -> Response:
        self._authentication.caller(request, Permission.MANAGE_USERS)
        wanted = body_of(request, {"jellyfinUserIds": "array of strings"}).get("jellyfinUserIds")
        self._read_jellyfin()
        if wanted is None:
            raise refusal(500, "body.jellyfinUserIds is not iterable")
        try:
            created = [user for each in wanted if (user := self._imports.import_jellyfin(each)) is not None]
        except BlankTwiceError as exc:
            raise refusal(500, "SQLITE_CONSTRAINT: UNIQUE constraint failed: user.email") from exc
        return json_response([self._users.saved(user) for user in created], 201)

    async def _jellyfin_users(self, request: Request) -> Response:
        self._authentication.caller(request, Permission.MANAGE_USERS)
        self._read_jellyfin()
        names = self._imports.jellyfin_names.items()
        return json_response(
            [
                {"username": name, "id": user_id, "thumb": f"/avatarproxy/{user_id}", "email": name}
                for user_id, name in names
            ]
        )

    def _read_jellyfin(self) -> None:
        """Refuse if Seerr's key is no longer valid there; the real one then returns only a status."""
        if self._imports.is_jellyfin_key_dead:
            raise refusal(500, "")

    def _own(self, request: Request) -> User:
        caller = self._authentication.caller(request)
        if str(caller.id) != request.values["userId"]:
            raise refusal(403, "You do not have permission to view this user's settings.")
        if self._imports.media_server_type != _PLEX:
            raise refusal(500, _LOGIN_DISABLED)
        return caller

    async def _link_plex(self, request: Request) -> Response:
        token = body_of(request, {"authToken": "string"}, required=("authToken",))["authToken"]
        user = self._own(request)
        account = None if self._imports.plex is None else self._imports.plex.holder(token)
        if account is None:
            raise refusal(500, "[Plex.tv] Failed to fetch user")
        if any(each.plex_id == account.id for each in self._users.by_id.values()):
            raise refusal(422, "This Plex account is already linked to a Seerr user")
        if user.email != account.email:
            raise refusal(422, "This Plex account is registered under a different email address.")
        user.user_type, user.plex_token = UserType.PLEX, token
        user.plex_id, user.plex_username = account.id, account.username
        self._users.touch(user)
        return Response(status=204)

    async def _unlink_plex(self, request: Request) -> Response:
        caller = self._authentication.caller(request)
        if not caller.may(Permission.MANAGE_USERS) and str(caller.id) != request.values["userId"]:
            raise refusal(403, "You do not have permission to view this user's settings.")
        user = self._authentication.user_in_path(request)
        if user.id == OWNER_ID:
            raise refusal(400, "Cannot unlink media server accounts for the primary administrator.")
        if not user.email or user.password is None:
            raise refusal(400, "User does not have a local email or password set.")
        user.user_type = UserType.LOCAL
        user.plex_id = user.plex_username = user.plex_token = None
        return Response(status=204)
