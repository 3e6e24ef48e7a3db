"""What Discord sends when somebody uses a command, a button, a menu or a form, and its signature under it.

https://docs.discord.com/developers/interactions/receiving-and-responding
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from simulators.determinism import Clock, Ids
from simulators.discord.messages import user

PING: Final = 1
COMMAND: Final = 2
COMPONENT: Final = 3
AUTOCOMPLETE: Final = 4
MODAL: Final = 5

_EPOCH_MS: Final = 1_420_070_400_000
_STRING: Final = 3
_INTEGER: Final = 4
_BOOLEAN: Final = 5
_BUTTON: Final = 2
_SELECT: Final = 3
_GUILD: Final = 0
_BOT_DM: Final = 1
ADMINISTRATOR: Final = 1 << 3

Value = str | int | bool


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody on Discord; with a guild they write there, without one to the bot itself."""

    id: str
    name: str
    guild_id: str | None = None
    roles: tuple[str, ...] = ()
    permissions: int = 0
    locale: str = "en-US"


class DiscordApp:
    """An application as Discord knows it: its id, its key pair, and what is signed with it."""

    def __init__(self, clock: Clock | None = None, ids: Ids | None = None, *, application_id: str = "") -> None:
        self._clock = clock or Clock()
        self._ids = ids or Ids("discord app")
        self._key = Ed25519PrivateKey.from_private_bytes(self._ids.digest("key"))
        self.bot_token = f"{self._ids.token('bot', 26)}.{self._ids.token('bot', 6)}.{self._ids.token('bot', 38)}"
        self.id = application_id or self.snowflake()

    @property
    def public_key(self) -> str:
        """Return the key as the developer portal shows it: 64 hexadecimal digits."""
        raw, as_is = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        return self._key.public_key().public_bytes(raw, as_is).hex()

    def snowflake(self) -> str:
        """Return a new id that tells when it was made, as all of Discord's do."""
        milliseconds = int(self._clock.now().timestamp() * 1000) - _EPOCH_MS
        return str((milliseconds << 22) + self._ids.number("snowflake") % 4096)

    def signed(self, interaction: object, *, ago: timedelta = timedelta()) -> tuple[dict[str, str], bytes]:
        """Return headers and body of the request that Discord sends; `ago` makes it an old one."""
        body = msgspec.json.encode(interaction)
        return self.headers(body, ago=ago), body

    def headers(self, body: bytes, *, ago: timedelta = timedelta()) -> dict[str, str]:
        """Return the headers with a signature over timestamp and body."""
        timestamp = str(int((self._clock.now() - ago).timestamp()))
        return {
            "Content-Type": "application/json",
            "User-Agent": "Discord-Interactions/1.0 (+https://discord.com)",
            "X-Signature-Ed25519": self._key.sign(timestamp.encode() + body).hex(),
            "X-Signature-Timestamp": timestamp,
        }

    def ping(self) -> dict[str, Any]:
        """Return what Discord sends to see whether the address works."""
        bot = user(self.id, "usher", is_bot=True)
        return {**self._common(PING), "user": bot, "entitlements": [], "authorizing_integration_owners": {}}

    def command(self, person: Person, name: str, options: Mapping[str, Value] | None = None) -> dict[str, Any]:
        """Return a slash command with the options that were filled in."""
        given = [_option(each, value) for each, value in (options or {}).items()]
        return {**self._by(person, COMMAND), "data": self._command_data(name, given, person)}

    def autocomplete(self, person: Person, name: str, options: Mapping[str, Value], *, focused: str) -> dict[str, Any]:
        """Return the question for choices that Discord asks while somebody types."""
        given = [
            {**_option(each, value), **({"focused": True} if each == focused else {})}
            for each, value in options.items()
        ]
        return {**self._by(person, AUTOCOMPLETE), "data": self._command_data(name, given, person)}

    def button(self, person: Person, custom_id: str, *, message: dict[str, Any]) -> dict[str, Any]:
        """Return the press of a button below a message."""
        data = {"id": 2, "custom_id": custom_id, "component_type": _BUTTON}
        return {**self._by(person, COMPONENT), "data": data, "message": message}

    def select(
        self, person: Person, custom_id: str, values: Sequence[str], *, message: dict[str, Any]
    ) -> dict[str, Any]:
        """Return a choice from a menu below a message."""
        data = {"id": 2, "custom_id": custom_id, "component_type": _SELECT, "values": list(values)}
        return {**self._by(person, COMPONENT), "data": data, "message": message}

    def modal(
        self,
        person: Person,
        custom_id: str,
        fields: Mapping[str, str | Sequence[str]],
        *,
        message: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return a form that was sent off: what was typed or chosen, by custom ids.

        `message` is the one below which the form was opened, where it was not a command that did.
        """
        labels = [
            {"type": 18, "id": at, "component": {"id": at + 1, "custom_id": field, **_given(value)}}
            for at, (field, value) in enumerate(fields.items(), start=1)
        ]
        below = {} if message is None else {"message": message}
        return {**self._by(person, MODAL), "data": {"custom_id": custom_id, "components": labels}, **below}

    def _command_data(self, name: str, options: list[dict[str, Any]], person: Person) -> dict[str, Any]:
        guild = {} if person.guild_id is None else {"guild_id": person.guild_id}
        return {"id": self.snowflake(), "name": name, "type": 1, **({"options": options} if options else {}), **guild}

    def _common(self, kind: int) -> dict[str, Any]:
        return {
            "id": self.snowflake(),
            "application_id": self.id,
            "type": kind,
            "token": self._ids.token("interaction", 80) + self._ids.token("interaction", 80),
            "version": 1,
            "app_permissions": "562949953601536",
        }

    def _by(self, person: Person, kind: int) -> dict[str, Any]:
        account = user(person.id, person.name)
        context = _BOT_DM if person.guild_id is None else _GUILD
        channel = {"id": f"9{person.id[1:]}", "type": 1 if person.guild_id is None else 0}
        shared = {
            **self._common(kind),
            "channel_id": channel["id"],
            "channel": channel,
            "locale": person.locale,
            "context": context,
            "attachment_size_limit": 10_485_760,
            "entitlements": [],
            "authorizing_integration_owners": {"0": person.guild_id or "0"},
        }
        if person.guild_id is None:
            return {**shared, "user": account}
        guild = {"id": person.guild_id, "locale": "en-US", "features": []}
        member = {**_MEMBER, "user": account, "roles": list(person.roles), "permissions": str(person.permissions)}
        located = {"guild_id": person.guild_id, "guild_locale": "en-US", "guild": guild, "member": member}
        return {**shared, **located}


_MEMBER: Final = {
    "avatar": None,
    "banner": None,
    "communication_disabled_until": None,
    "deaf": False,
    "flags": 0,
    "joined_at": "2024-01-01T00:00:00.000000+00:00",
    "mute": False,
    "nick": None,
    "pending": False,
    "premium_since": None,
    "unusual_dm_activity_until": None,
}


def _given(value: str | Sequence[str]) -> dict[str, Any]:
    return {"type": 4, "value": value} if isinstance(value, str) else {"type": 3, "values": list(value)}


def _option(name: str, value: Value) -> dict[str, Any]:
    kind = _BOOLEAN if isinstance(value, bool) else _INTEGER if isinstance(value, int) else _STRING
    return {"name": name, "type": kind, "value": value}
