"""A Jellyfin of any version: sign-in by name and password or by Quick Connect, and its users."""

import re
from datetime import timedelta
from typing import Any, Final

import msgspec

from simulators.asgi import App, Request, Response, json_response
from simulators.determinism import Clock, Ids
from simulators.jellyfin.answers import body_of, failure, problem, unauthorized
from simulators.jellyfin.quick_connect import QuickConnect, state
from simulators.jellyfin.users import user_json
from simulators.mediabrowser import Client, Household, User, client_of, moment

VERSION: Final = "10.11.8"
QUICK_CONNECT_LIFE: Final = timedelta(minutes=10)
NO_LEGACY: Final = (12, 0)
_POSTS: Final = (10, 9)
_NAMES_SECRET: Final = (10, 8)
_HAS_QUICK_CONNECT: Final = (10, 7)


class Jellyfin(App):
    """The stand-in; `household` has its users.

    Quick Connect exists from 10.7 on, and begins with GET before 10.9; 10.7 names its secret differently. Legacy
    headers (`X-Emby-Token`) and `api_key` are off from 12.0 on.
    """

    def __init__(
        self, *, clock: Clock | None = None, ids: Ids | None = None, name: str = "Jellyfin", version: str = VERSION
    ) -> None:
        ids = ids or Ids("jellyfin")
        self.name = name
        self.server_id = ids.hexadecimal("server", 32)
        self.household = Household(clock or Clock(), ids)
        self.has_quick_connect = True
        self.become(version)
        self._waiting: dict[str, QuickConnect] = {}
        super().__init__(
            {
                "GET /System/Info/Public": self._info,
                "POST /Users/AuthenticateByName": self._by_name,
                "POST /Users/AuthenticateWithQuickConnect": self._by_quick_connect,
                "GET /QuickConnect/Enabled": self._is_enabled,
                "POST /QuickConnect/Initiate": self._initiate,
                "GET /QuickConnect/Connect": self._connect,
                "POST /QuickConnect/Authorize": self._authorize,
                "GET /Users/Me": self._me,
                "GET /Users": self._users,
                "GET /Users/{userId}": self._user,
                "POST /Sessions/Logout": self._log_out,
            }
        )

    async def serve(self, request: Request) -> Response:
        """Read paths as ASP.NET does, ignoring case."""
        known = {route.split(" ")[1].lower(): route.split(" ")[1] for route in self.routes}
        path = known.get(request.path.lower(), request.path)
        if path.startswith("/QuickConnect/") and self.release < _HAS_QUICK_CONNECT:
            return Response(status=404)
        if path == "/QuickConnect/Initiate" and self.release < _POSTS:
            is_begun = request.method == "GET"
            return await self._initiate(request) if is_begun else Response(status=405, headers={"allow": "GET"})
        return await super().serve(msgspec.structs.replace(request, path=path))

    def missing(self, request: Request, *, is_known_path: bool) -> Response:
        """Answer a path or method that Jellyfin does not have with an empty body."""
        if not is_known_path:
            return Response(status=404)
        return Response(status=405, headers={"allow": ", ".join(self.methods_of(request.path))})

    def become(self, version: str) -> None:
        """Become another version."""
        self.version = version
        self.release = tuple(map(int, version.split(".")[:2]))
        self.takes_legacy_headers = self.release < NO_LEGACY
        self.household.one_session_a_device = self.release < _POSTS

    def approve(self, code: str, user: User) -> None:
        """Let a user approve a device by its code; raises `LookupError` if the code expired or is taken.

        The device can fetch its token for ten minutes; Jellyfin reports the approval for a minute longer.
        """
        waiting = self._with_code(code)
        if waiting is None or waiting.result is not None:
            raise LookupError(f"nobody waits for the code {code}")
        waiting.approved_at = self.household.clock.now()
        waiting.made_at = waiting.approved_at + timedelta(minutes=1)
        waiting.result = self._session(user, waiting.client)

    def restart(self) -> None:
        """Forget codes and approvals, which are kept only in memory; tokens stay valid."""
        self._waiting.clear()

    def _with_code(self, code: str) -> QuickConnect | None:
        return next((each for each in self._open() if each.code == code), None)

    def _open(self) -> list[QuickConnect]:
        now = self.household.clock.now()
        self._waiting = {key: each for key, each in self._waiting.items() if now - each.made_at < QUICK_CONNECT_LIFE}
        return list(self._waiting.values())

    def _client(self, request: Request) -> Client:
        if not self.takes_legacy_headers:
            return client_of(request, "MediaBrowser", headers=("authorization",))
        client = client_of(request, "MediaBrowser", "Emby")
        legacy = (
            request.header("x-emby-token")
            or request.header("x-mediabrowser-token")
            or request.query.get("api_key", "")
            or request.query.get("ApiKey", "")
        )
        return client if client.token or not legacy else msgspec.structs.replace(client, token=legacy)

    async def _info(self, request: Request) -> Response:  # noqa: ARG002 - every handler is given it
        return json_response(
            {
                "LocalAddress": "http://192.168.1.10:8096",
                "ServerName": self.name,
                "Version": self.version,
                "ProductName": "Jellyfin Server",
                "OperatingSystem": "",
                "Id": self.server_id,
                "StartupWizardCompleted": True,
            }
        )

    async def _by_name(self, request: Request) -> Response:
        body = body_of(request)
        if body is None:
            return problem(400, "One or more validation errors occurred.")
        client = self._client(request)
        user = self.household.by_name(str(body.get("Username") or ""))
        if not client.is_named:
            return failure(400)
        if user is None or user.password != (body.get("Pw") or ""):
            return failure(401)
        return failure(403) if user.is_disabled else json_response(self._session(user, client))

    def _session(self, user: User, client: Client) -> dict[str, Any]:
        token = self.household.sign_in(user, client)
        session = {
            "Id": self.household.ids.hexadecimal("session", 32),
            "UserId": user.id,
            "UserName": user.name,
            "Client": client.client,
            "DeviceName": client.device,
            "DeviceId": client.device_id,
            "ApplicationVersion": client.version,
            "LastActivityDate": moment(self.household.clock.now()),
            "IsActive": True,
            "ServerId": self.server_id,
        }
        return {
            "User": user_json(user, server_id=self.server_id),
            "SessionInfo": session,
            "AccessToken": token,
            "ServerId": self.server_id,
        }

    async def _by_quick_connect(self, request: Request) -> Response:
        body = body_of(request)
        secret = None if body is None else body.get("Token" if self.release < _NAMES_SECRET else "Secret")
        if not isinstance(secret, str):
            return problem(400, "One or more validation errors occurred.")
        if not self.has_quick_connect:
            return failure(401)
        waiting = self._with_secret(secret)
        if waiting is None or waiting.approved_at is None:
            return failure(404)
        is_over = self.household.clock.now() - waiting.approved_at >= QUICK_CONNECT_LIFE
        return failure(404) if is_over else json_response(waiting.result)

    def _with_secret(self, secret: str) -> QuickConnect | None:
        return next((each for each in self._open() if each.secret == secret), None)

    async def _is_enabled(self, request: Request) -> Response:  # noqa: ARG002
        return json_response(self.has_quick_connect)

    async def _initiate(self, request: Request) -> Response:
        client = self._client(request)
        if not client.is_named:
            return failure(400)
        if not self.has_quick_connect:
            return json_response("Quick connect is disabled", 401)
        ids = self.household.ids
        code = ids.letters("code", 6, "123456789")
        secret = ids.hexadecimal("secret").upper()
        waiting = QuickConnect(secret=secret, code=code, client=client, made_at=self.household.clock.now())
        self._waiting[waiting.secret] = waiting
        return json_response(state(waiting))

    async def _connect(self, request: Request) -> Response:
        if not self.has_quick_connect:
            return json_response("Quick connect is disabled", 401)
        secret = request.query.get("secret")
        if secret is None:
            return problem(400, "One or more validation errors occurred.")
        waiting = self._with_secret(secret)
        return json_response("Unknown secret", 404) if waiting is None else json_response(state(waiting))

    async def _authorize(self, request: Request) -> Response:
        user = self.household.holder(self._client(request).token)
        if user is None:
            return unauthorized()
        if not self.has_quick_connect:
            return json_response("Quick connect is disabled", 401)
        code = re.sub(r"\D", "", request.query.get("code", ""))
        waiting = self._with_code(code)
        if waiting is None or waiting.result is not None:
            return failure(404 if waiting is None else 500)
        self.approve(code, user)
        return json_response(value=True)

    async def _me(self, request: Request) -> Response:
        token = self._client(request).token
        if not self.household.is_known(token):
            return unauthorized()
        user = self.household.holder(token)
        return problem(400, "Bad Request") if user is None else json_response(user_json(user, server_id=self.server_id))

    async def _users(self, request: Request) -> Response:
        token = self._client(request).token
        if not self.household.is_known(token):
            return unauthorized()
        if not self.household.sees_all(token):
            return Response(status=403)
        return json_response([user_json(user, server_id=self.server_id) for user in self.household.users.values()])

    async def _user(self, request: Request) -> Response:
        if not self.household.is_known(self._client(request).token):
            return unauthorized()
        user = self.household.users.get(request.values["userId"].replace("-", "").lower())
        return problem(404, "Not Found") if user is None else json_response(user_json(user, server_id=self.server_id))

    async def _log_out(self, request: Request) -> Response:
        token = self._client(request).token
        if not self.household.is_known(token):
            return unauthorized()
        self.household.revoke(token)
        return Response(status=204)
