"""Discord's REST API for one application: replies to interactions, direct messages, channels, and its commands."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from simulators.asgi import App, Handler, Request, Response, json_response
from simulators.determinism import Clock, Ids
from simulators.discord import components, messages
from simulators.discord.commands import Commands, decoded
from simulators.discord.interactions import DiscordApp
from simulators.discord.limits import Limits, bucket_of
from simulators.discord.portal import Portal
from simulators.discord.refusals import RefusedError, bad_form, refused
from simulators.discord.replies import CHOICES, DEFERRED, MESSAGE, MODAL, UPDATE, Interactions, Open

PREFIX: Final = "/api/v10"
SAME_NONCE_WITHIN: Final = timedelta(minutes=5)
_BLOCKED: Final = "internal network error"


class Discord(App):
    """The stand-in. `app` signs what is sent to us, `interactions` keeps the replies, `messages` what was posted.

    `people` are those whom direct messages reach; who is in `closed_to_messages` takes none from the bot.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        ids: Ids | None = None,
        per_second: int = 50,
        invalid_limit: int = 10_000,
    ) -> None:
        self.clock = clock or Clock()
        self.app = DiscordApp(self.clock, ids or Ids("discord"))
        self.bot = messages.user(self.app.id, "usher", is_bot=True)
        self.limits = Limits(self.clock, per_second=per_second, invalid_limit=invalid_limit)
        self.interactions = Interactions(self.clock)
        self.commands = Commands(self.clock)
        self.people: dict[str, str] = {}
        self.closed_to_messages: set[str] = set()
        self.guilds: set[str] = set()
        self.portal = Portal()
        self.channels: dict[str, str | None] = {}
        """Channels that the bot may write to, and for direct ones whom it reaches there."""
        self.messages: dict[str, list[dict[str, Any]]] = {}
        self._nonces: dict[tuple[str, str], tuple[datetime, dict[str, Any]]] = {}
        webhook = "/webhooks/{application}/{token}"
        routes: dict[str, Callable[[Request], Awaitable[Response]]] = {
            "POST /interactions/{interaction}/{token}/callback": self._callback,
            f"GET {webhook}/messages/@original": self._get_original,
            f"PATCH {webhook}/messages/@original": self._edit_original,
            f"DELETE {webhook}/messages/@original": self._delete_original,
            f"POST {webhook}": self._follow_up,
            "GET /users/@me": self._as_bot(self._me),
            "GET /applications/@me": self._as_bot(self._application),
            "POST /users/@me/channels": self._as_bot(self._open_direct),
            "POST /channels/{channel}/messages": self._as_bot(self._post),
            "GET /applications/{application}/commands": self._as_bot(self._list),
            "PUT /applications/{application}/commands": self._as_bot(self._overwrite),
            "GET /applications/{application}/guilds/{guild}/commands": self._as_bot(self._list),
            "PUT /applications/{application}/guilds/{guild}/commands": self._as_bot(self._overwrite),
        }
        super().__init__(
            {route.replace(" ", f" {PREFIX}", 1): self._limited(route, handler) for route, handler in routes.items()}
        )

    async def serve(self, request: Request) -> Response:
        """Refuse banned and nameless clients, and count what was refused."""
        ban = self.limits.ban()
        if ban is not None:
            return ban
        if not request.header("user-agent").startswith("DiscordBot ("):
            return self.limits.note(json_response({"message": _BLOCKED, "code": 40333}, 403))
        try:
            response = await super().serve(request)
        except RefusedError as exc:
            response = exc.response
        return self.limits.note(response)

    def missing(self, request: Request, *, is_known_path: bool) -> Response:  # noqa: ARG002 - it names no path
        """Answer a path that Discord does not have."""
        status, reason = (405, "Method Not Allowed") if is_known_path else (404, "Not Found")
        return json_response({"message": f"{status}: {reason}", "code": 0}, status)

    def _limited(self, route: str, handler: Handler) -> Handler:
        async def limited(request: Request) -> Response:
            if "callback" in route:
                return await handler(request)
            headers, refusal = self.limits.take(*bucket_of(request, route))
            try:
                response = refusal or await handler(request)
            except RefusedError as exc:
                response = exc.response
            return msgspec.structs.replace(response, headers={**headers, **response.headers})

        return limited

    def _as_bot(self, handler: Handler) -> Handler:
        async def authorized(request: Request) -> Response:
            if request.header("authorization") != f"Bot {self.app.bot_token}":
                raise refused(401, 0, "401: Unauthorized")
            return self.limits.take_global() or await handler(request)

        return authorized

    async def _callback(self, request: Request) -> Response:
        self.answered(request.values["token"], _body(request))
        return Response(status=204)

    def answered(self, token: str, callback: Any) -> Open:
        """Take the first answer to an interaction, which may also be the body of the answer to Discord's request."""
        waiting = self.interactions.acknowledge(token, callback)
        data = callback.get("data") or {}
        if waiting.answered_with == MODAL:
            components.check_form(data)
            waiting.form = data
        elif waiting.answered_with == CHOICES:
            components.check_choices(data.get("choices"))
        elif waiting.answered_with == MESSAGE:
            messages.check(data, to_create=True)
            waiting.original = self._shown(data, channel_id=waiting.interaction["channel_id"])
        elif waiting.answered_with == UPDATE and waiting.original is not None:
            messages.check(data, to_create=False, before=waiting.original)
            waiting.original = messages.edited(waiting.original, data, at=self._now())
        return waiting

    def _editable(self, request: Request) -> Open:
        return self.interactions.editable(request.values["application"], request.values["token"])

    async def _get_original(self, request: Request) -> Response:
        waiting = self._editable(request)
        if waiting.original is not None:
            return json_response(waiting.original)
        if waiting.answered_with == DEFERRED and not waiting.is_deleted:
            flags = waiting.flags | messages.LOADING
            return json_response(self._shown({"flags": flags}, channel_id=waiting.interaction["channel_id"]))
        raise refused(404, 10008, "Unknown Message")

    async def _edit_original(self, request: Request) -> Response:
        waiting = self._editable(request)
        body = _body(request)
        is_first = waiting.original is None and waiting.answered_with == DEFERRED and not waiting.is_deleted
        messages.check(body, to_create=is_first, before=waiting.original)
        if is_first:
            flags = waiting.flags | int(body.get("flags") or 0) & messages.V2
            channel = waiting.interaction["channel_id"]
            waiting.original = self._shown({**body, "flags": flags}, channel_id=channel)
        elif waiting.original is None:
            raise refused(404, 10008, "Unknown Message")
        else:
            waiting.original = messages.edited(waiting.original, body, at=self._now())
        return json_response(waiting.original)

    async def _delete_original(self, request: Request) -> Response:
        waiting = self._editable(request)
        if waiting.original is None:
            raise refused(404, 10008, "Unknown Message")
        waiting.original, waiting.is_deleted = None, True
        return Response(status=204)

    async def _follow_up(self, request: Request) -> Response:
        waiting = self._editable(request)
        body = _body(request)
        messages.check(body, to_create=True)
        message = self._shown(body, channel_id=waiting.interaction["channel_id"])
        waiting.follow_ups.append(message)
        return json_response(message)

    async def _me(self, request: Request) -> Response:  # noqa: ARG002 - every handler is given it
        private = {"mfa_enabled": True, "locale": "en-US", "premium_type": 0, "email": None, "verified": True}
        return json_response({**self.bot, **private})

    async def _application(self, request: Request) -> Response:  # noqa: ARG002 - every handler is given it
        return json_response(self.portal.shown(self.app, bot=self.bot))

    async def _open_direct(self, request: Request) -> Response:
        person = _body(request).get("recipient_id")
        name = self.people.get(str(person))
        if name is None:
            raise refused(400, 50033, "Invalid Recipient(s)")
        channel = next((each for each, whom in self.channels.items() if whom == person), None) or self.app.snowflake()
        self.channels[channel] = str(person)
        body = {"id": channel, "type": 1, "last_message_id": None, "flags": 0}
        return json_response({**body, "recipients": [messages.user(str(person), name)]})

    async def _post(self, request: Request) -> Response:
        channel, body = request.values["channel"], _body(request)
        if channel not in self.channels:
            raise refused(404, 10003, "Unknown Channel")
        if self.channels[channel] in self.closed_to_messages:
            raise refused(403, 50007, "Cannot send messages to this user")
        messages.check(body, to_create=True)
        again = self._posted_before(channel, body)
        if again is not None:
            return json_response(again)
        message = self._shown(body, channel_id=channel)
        if body.get("nonce") is not None:
            message["nonce"] = body["nonce"]
            self._nonces[channel, str(body["nonce"])] = (self.clock.now(), message)
        self.messages.setdefault(channel, []).append(message)
        return json_response(message)

    def _posted_before(self, channel: str, body: dict[str, Any]) -> dict[str, Any] | None:
        nonce = body.get("nonce")
        if isinstance(nonce, str) and len(nonce) > 25:  # noqa: PLR2004 - Discord's limit
            raise bad_form("nonce", "NONCE_TYPE_TOO_LONG", "Must be 25 or fewer in length.")
        if nonce is None or not body.get("enforce_nonce"):
            return None
        at, message = self._nonces.get((channel, str(nonce)), (None, None))
        return message if at is not None and self.clock.now() - at < SAME_NONCE_WITHIN else None

    async def _list(self, request: Request) -> Response:
        in_full = request.query.get("with_localizations", "").lower() == "true"
        return json_response(self.commands.listed(self._guild(request), with_localizations=in_full))

    async def _overwrite(self, request: Request) -> Response:
        guild = self._guild(request)
        first = int(self.app.snowflake())
        return json_response(self.commands.overwrite(guild, self.app.id, decoded(request), first_id=first))

    def _guild(self, request: Request) -> str:
        if request.values["application"] != self.app.id:
            raise refused(403, 20012, "You are not authorized to perform this action on this application")
        guild = request.values.get("guild", "")
        if guild and guild not in self.guilds:
            raise refused(403, 50001, "Missing Access")
        return guild

    def direct_messages(self, person_id: str) -> list[dict[str, Any]]:
        """Return what was written to somebody."""
        return [
            each
            for channel, whom in self.channels.items()
            if whom == person_id
            for each in self.messages.get(channel, [])
        ]

    def _shown(self, body: dict[str, Any], *, channel_id: str) -> dict[str, Any]:
        number = self.app.snowflake()
        return messages.shown(body, message_id=number, channel_id=channel_id, author=self.bot, at=self._now())

    def _now(self) -> str:
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")


def _body(request: Request) -> dict[str, Any]:
    try:
        body = request.json()
    except msgspec.DecodeError as exc:
        raise refused(400, 50109, "The request body contains invalid JSON.") from exc
    if not isinstance(body, dict):
        raise bad_form("_errors", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    return body
