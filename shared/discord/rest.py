"""Discord's REST API: replies are edited, direct messages sent, commands registered; never more often than allowed.

https://docs.discord.com/developers/reference. A call that would have to wait is not sent and does not wait here: it
raises `RateLimitedError` with the time, and the bus brings the work again then.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, TypeVar

import httpx
import msgspec

from shared.clients.api import Api, Headers, Query, path_segment
from shared.discord.command_format import Command
from shared.discord.fitting import fit
from shared.discord.messages import EPHEMERAL, LOADING, Message, body
from shared.discord.problems import error_of, problem_of, wait_of
from shared.discord.rate_limits import Limits, Route
from shared.errors import UsherError
from shared.http.calls import RateLimitedError, decode
from shared.http.upstream import Upstream
from shared.schemas.secret import Secret
from shared.version import product_version

API_URL: Final = "https://discord.com/api/v10"

T = TypeVar("T")


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """What Discord knows of the application that a bot token belongs to; `verify_key` is the public key."""

    id: str
    verify_key: str
    interactions_endpoint_url: str | None = None
    bot_public: bool = False
    """Whether anybody may add the bot to a guild of their own."""


class Discord:
    """Speaks as one application; `limits` is shared by all that use the same bot token in this process."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        upstream: Upstream,
        *,
        application_id: str,
        bot_token: Secret,
        limits: Limits,
        url: str = API_URL,
    ) -> None:
        self._application = path_segment(application_id)
        self._api = Api(http, upstream, url=url, headers={"User-Agent": agent(self._application)})
        self._as_bot: Headers = {"Authorization": Secret(f"Bot {bot_token.reveal()}")}
        self._limits = limits

    async def edit_original(self, token: Secret, message: Message) -> None:
        """Put a message in place of the reply to an interaction; raise `ReplyExpiredError` after 15 minutes.

        The interaction's token is the credential, and stands in the address because Discord reads it nowhere else.
        """
        route, path = self._original("PATCH", token)
        await self._send(route, path, body=body(fit(message)), headers={})

    async def follow_up(self, token: Secret, message: Message) -> None:
        """Say something below the reply to an interaction, to the person alone; twice is said twice."""
        private = msgspec.structs.replace(message, flags=message.flags | EPHEMERAL)
        route, path = self._webhook("POST", token)
        await self._send(route, path, body=body(fit(private)), headers={})

    async def is_waiting(self, token: Secret) -> bool:
        """Return whether the reply to an interaction is still a promise; raise `ReplyExpiredError` after 15 minutes."""
        route, path = self._original("GET", token)
        response = await self._send(route, path, body=None, headers={})
        return bool(decode(response, _Shown, api=self._api.name, strict=False).flags & LOADING)

    async def direct_channel(self, user_id: str) -> str:
        """Return the id of the channel for direct messages to a person; the same each time."""
        route = Route(method="POST", template="/users/@me/channels")
        channel = await self._ask(route, "/users/@me/channels", _Id, body={"recipient_id": user_id})
        return channel.id

    async def post(self, channel_id: str, message: Message, *, cause: str) -> str:
        """Post to a channel and return the message's id; for minutes, the same `cause` is the same message."""
        route = Route(method="POST", template="/channels/{channel}/messages", major=channel_id)
        once = {**body(fit(message)), "nonce": nonce(cause), "enforce_nonce": True}
        posted = await self._ask(route, f"/channels/{path_segment(channel_id)}/messages", _Id, body=once)
        return posted.id

    async def send_direct_message(self, user_id: str, message: Message, *, cause: str) -> str:
        """Write to a person and return the message's id; raise `ClosedToMessagesError` where they do not want it."""
        return await self.post(await self.direct_channel(user_id), message, cause=cause)

    async def commands(self, *, guild_id: str | None = None) -> list[Command]:
        """Return the commands that are registered in a guild, or globally, with all their translations."""
        route, path = self._commands_route("GET", guild_id), self._commands_path(guild_id)
        return await self._ask(route, path, list[Command], query={"with_localizations": "true"})

    async def overwrite_commands(self, commands: Sequence[Command], *, guild_id: str | None = None) -> None:
        """Make these the only commands of a guild, where they are there at once, or globally."""
        path = self._commands_path(guild_id)
        await self._send(self._commands_route("PUT", guild_id), path, body=commands, headers=self._as_bot)

    async def application(self) -> Application:
        """Return the application that the bot token belongs to, whatever application id was given here."""
        return await self._ask(Route(method="GET", template="/applications/@me"), "/applications/@me", Application)

    def _original(self, method: str, token: Secret) -> tuple[Route, str]:
        return self._webhook(method, token, "/messages/@original")

    def _webhook(self, method: str, token: Secret, below: str = "") -> tuple[Route, str]:
        template = f"/webhooks/{{application}}/{{token}}{below}"
        path = f"/webhooks/{self._application}/{path_segment(token.reveal())}{below}"
        major = blake2b(token.reveal().encode(), digest_size=16).hexdigest()
        return Route(method=method, template=template, major=major, is_global=False), path

    def _commands_path(self, guild_id: str | None) -> str:
        guild = f"/guilds/{path_segment(guild_id)}" if guild_id is not None else ""
        return f"/applications/{self._application}{guild}/commands"

    def _commands_route(self, method: str, guild_id: str | None) -> Route:
        guild = "/guilds/{guild}" if guild_id is not None else ""
        return Route(method=method, template=f"/applications{guild}/commands", major=guild_id or "")

    async def _ask(
        self, route: Route, path: str, kind: type[T], *, body: object = None, query: Query | None = None
    ) -> T:
        response = await self._send(route, path, body=body, headers=self._as_bot, query=query)
        return decode(response, kind, api=self._api.name, strict=False)

    async def _send(
        self, route: Route, path: str, *, body: object, headers: Headers, query: Query | None = None
    ) -> httpx.Response:
        wait = self._limits.take(route)
        if wait:
            raise RateLimitedError(f"{self._api.name} asks to wait", retry_after=wait)

        def explain(response: httpx.Response) -> UsherError | None:
            problem = problem_of(response)
            wait = wait_of(response, problem)
            self._limits.learn(route, status=response.status_code, headers=response.headers, wait=wait)
            return error_of(self._api.name, response, problem)

        return await self._api.send(route.method, path, body=body, headers=headers, explain=explain, query=query)


class _Id(msgspec.Struct, frozen=True):
    id: str


class _Shown(msgspec.Struct, frozen=True):
    flags: int = 0


def agent(application_id: str) -> str:
    """Return the `User-Agent` in the only form that Discord takes: who calls, by an address, and a version.

    https://docs.discord.com/developers/reference#user-agent. The address is the application's own page at Discord,
    because whoever runs this Usher is to be asked about its calls, and not whoever wrote it.
    """
    return f"DiscordBot (https://discord.com/developers/applications/{application_id}, {product_version()})"


def nonce(cause: str) -> str:
    """Return at most 25 characters by which Discord knows a message that it has already."""
    return blake2b(cause.encode(), digest_size=12).hexdigest()
