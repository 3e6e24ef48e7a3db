"""An Emby 4.8: sign-in by name and password, and its users. It has no Quick Connect."""

from typing import Any, Final

import msgspec

from simulators.asgi import App, Request, Response, json_response, text_response
from simulators.determinism import Clock, Ids
from simulators.mediabrowser import Client, Household, User, client_of, moment, user_body

VERSION: Final = "4.8.11.0"
_PREFIX: Final = "/emby"
_CONFIGURATION: Final = {"PlayDefaultAudioTrack": True, "SubtitleMode": "Smart", "OrderedViews": []}
_POLICY: Final = {"IsHidden": True, "EnableAllFolders": True, "EnableMediaPlayback": True, "EnableRemoteAccess": True}


class Emby(App):
    """The stand-in; `household` has its users. Every path exists with and without a leading /emby."""

    def __init__(self, *, clock: Clock | None = None, ids: Ids | None = None, name: str = "Emby") -> None:
        ids = ids or Ids("emby")
        self.name = name
        self.server_id = ids.hexadecimal("server", 32)
        self.household = Household(clock or Clock(), ids, one_session_a_device=True)
        super().__init__(
            {
                "GET /System/Info/Public": self._info,
                "POST /Users/AuthenticateByName": self._by_name,
                "GET /Users/Public": self._public,
                "GET /Users/Query": self._users,
                "GET /Users/{userId}": self._user,
                "POST /Sessions/Logout": self._log_out,
            }
        )

    async def serve(self, request: Request) -> Response:
        """Read paths as Emby does, ignoring case."""
        path = request.path
        if path.lower().startswith(f"{_PREFIX}/"):
            path = path[len(_PREFIX) :]
        known = {route.split(" ")[1].lower(): route.split(" ")[1] for route in self.routes}
        return await super().serve(msgspec.structs.replace(request, path=known.get(path.lower(), path)))

    def missing(self, request: Request, *, is_known_path: bool) -> Response:  # noqa: ARG002 - the two are one here
        """Answer a path that Emby does not have."""
        return text_response(f"Unable to find the specified file: {request.path}", "text/plain", 404)

    def _client(self, request: Request) -> Client:
        client = client_of(request, "Emby", "MediaBrowser")
        token = request.header("x-emby-token") or request.query.get("api_key", "")
        return client if client.token or not token else msgspec.structs.replace(client, token=token)

    async def _info(self, request: Request) -> Response:  # noqa: ARG002 - every handler is given it
        names = {"ServerName": self.name, "Version": VERSION, "Id": self.server_id}
        return json_response({"LocalAddress": "http://192.168.1.11:8096", "LocalAddresses": [], **names})

    async def _by_name(self, request: Request) -> Response:
        body, client = _fields(request), self._client(request)
        missing = next((name for name in ("client", "device_id", "device") if not getattr(client, name)), None)
        if missing is not None:
            parameter = {"client": "appName", "device_id": "deviceId", "device": "deviceName"}[missing]
            return text_response(f"Value cannot be null. (Parameter '{parameter}')", "text/plain", 400)
        user = self.household.by_name(str(body.get("Username") or ""))
        if user is None or user.password != (body.get("Pw") or "") or user.is_disabled:
            return text_response("Invalid username or password entered.", "text/plain", 401)
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
            "ServerId": self.server_id,
        }
        return json_response(
            {"User": self._body(user), "SessionInfo": session, "AccessToken": token, "ServerId": self.server_id}
        )

    async def _public(self, request: Request) -> Response:  # noqa: ARG002
        return json_response([])

    async def _users(self, request: Request) -> Response:
        token = self._client(request).token
        if not self.household.is_known(token):
            return _expired_token()
        if not self.household.sees_all(token):
            return text_response("User does not have access.", "text/plain", 403)
        users = [self._body(user) for user in self.household.users.values()]
        return json_response({"Items": users, "TotalRecordCount": len(users)})

    async def _user(self, request: Request) -> Response:
        token = self._client(request).token
        if not self.household.is_known(token):
            return _expired_token()
        user = self.household.users.get(request.values["userId"].replace("-", "").lower())
        holder = self.household.holder(token)
        if user is None or (holder is not user and not self.household.sees_all(token)):
            return text_response("User not found", "text/plain", 404)
        return json_response(self._body(user))

    async def _log_out(self, request: Request) -> Response:
        token = self._client(request).token
        if not self.household.is_known(token):
            return _expired_token()
        self.household.revoke(token)
        return Response(status=204)

    def _body(self, user: User) -> dict[str, Any]:
        return user_body(user, server_id=self.server_id, configuration=_CONFIGURATION, policy=_POLICY)


def _fields(request: Request) -> dict[str, Any]:
    if "json" not in request.header("content-type"):
        return dict(request.form())
    try:
        body = request.json()
    except msgspec.DecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _expired_token() -> Response:
    return text_response("Access token is invalid or expired.", "text/plain", 401)
