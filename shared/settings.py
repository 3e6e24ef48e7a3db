"""The one place that reads the environment: variables, an `.env` file, and `NAME_FILE` for values kept in files.

A settings type is a frozen Struct whose fields in upper case are the variables. Some are also read by the name that
another tool gave them; Usher's own name wins where both are set. A missing or malformed one is reported in one line
that names the variable, what was expected and an example; the value of a secret is never repeated.
"""

import os
import re
from collections.abc import Collection, Iterable, Mapping
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin, get_type_hints

import dotenv
import msgspec
from dotenv.parser import parse_stream
from msgspec import Meta

from shared import files
from shared.errors import PermanentError
from shared.schemas.secret import Secret


class SettingsError(PermanentError):
    """A variable is missing or malformed."""


def expects(what: str, example: str) -> Meta:
    """Return the annotation that lets an error say what was expected."""
    return Meta(description=what, examples=[example])


Port = Annotated[int, Meta(ge=1, le=65535, description="a port number from 1 to 65535", examples=["8000"])]
_BYTE = "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
Host = Annotated[
    str,
    Meta(
        pattern=rf"^({_BYTE}(\.{_BYTE}){{3}}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(%[0-9A-Za-z]+)?|[0-9._-]*[A-Za-z][\w.-]*)$",
        description="a host name or an IP address",
        examples=["127.0.0.1"],
    ),
]
Url = Annotated[
    str, Meta(pattern=r"^https?://[^\s@]+$", description="an http or https address", examples=["http://127.0.0.1:8000"])
]
DatabaseUrl = Annotated[
    Secret,
    Meta(
        pattern=r"^postgres(ql)?://",
        description="a PostgreSQL address",
        examples=["postgresql://usher:password@127.0.0.1:5432/usher"],
    ),
]
NatsUrl = Annotated[
    Secret,
    Meta(
        pattern=r"^(nats|tls|wss?)://[^,]+(,\s*(nats|tls|wss?)://[^,]+)*$",
        description="one or more NATS addresses, separated by commas",
        examples=["nats://127.0.0.1:4222"],
    ),
]
LogLevel = Annotated[
    str, Meta(pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR", examples=["INFO"])
]
LogFormat = Annotated[
    str, Meta(pattern="^(auto|console|json)$", description="auto, console or json", examples=["auto"])
]
Replicas = Annotated[
    int,
    Meta(ge=1, le=5, description="how many NATS servers keep each message, 1 alone or 3 on a cluster", examples=["1"]),
]
HexKey = Annotated[
    str,
    Meta(
        pattern="^[0-9a-fA-F]{64}$",
        description="64 hex digits, as the developer portal shows them",
        examples=["0123456789abcdef" * 4],
    ),
]
Snowflake = Annotated[
    str, Meta(pattern="^[0-9]{15,22}$", description="an id of Discord's, all digits", examples=["1014270561534541824"])
]
CredentialsFile = Annotated[
    str,
    Meta(
        description="the path of a NATS credentials file",
        examples=["/run/secrets/usher.creds"],
        extra={"is_read": True},
    ),
]
"""A path whose file another library reads, who knows when: it is tried at start."""
Networks = Annotated[str, expects("networks, separated by commas; empty: all private ones", "192.168.1.0/24")]

ALIASES: Final = {
    "SEERR_URL": "OVERSEERR_URL",
    "SEERR_API_KEY": "OVERSEERR_API_KEY",
    "USHER_API_KEY": "API_KEY",
}
"""Variables by the names that the Discord bot for Overseerr and the wishlist service gave them."""

_LINE: Final = "lines of NAME=value in UTF-8, for example USHER_PORT=8000"

Hours = Annotated[int, Meta(ge=0, le=8760, description="hours between two runs, 0 for never", examples=["24"])]


class ServiceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What every service needs."""

    database_url: DatabaseUrl
    nats_url: NatsUrl
    nats_credentials: CredentialsFile = ""
    nats_replicas: Replicas = 1
    usher_encryption_keys: Annotated[
        Secret,
        expects(
            "id:base64 of 32 bytes, the newest first, separated by commas (`usher keys generate` makes one)",
            "k1:" + "A" * 43 + "=",
        ),
    ]
    usher_monitor_port: Annotated[
        int, Meta(ge=0, le=65535, description="a port for /health and /metrics, 0 for none", examples=["9100"])
    ] = 0
    usher_monitor_host: Annotated[Host, expects("the address that /health and /metrics listen on", "127.0.0.1")] = (
        "127.0.0.1"
    )
    log_level: LogLevel = "INFO"
    log_format: LogFormat = "auto"
    otel_exporter_otlp_endpoint: Annotated[
        str, Meta(pattern=r"^https?://\S+$", description="an OTLP address", examples=["http://127.0.0.1:4318"])
    ] = ""


class UpstreamSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The systems around Usher, as far as they are set up by variables. Without an application id Discord is off."""

    seerr_url: Annotated[Url, expects("the http or https address of Seerr", "http://192.168.1.10:5055")] = ""
    seerr_api_key: Annotated[Secret, expects("Seerr's API key", "as Seerr's settings show it")] = Secret("")
    plex_host: Annotated[Url, expects("the http or https address of the Plex server", "http://192.168.1.10:32400")] = ""
    plex_token: Annotated[Secret, expects("a token of the server's owner", "20 letters and digits")] = Secret("")
    plex_client_id: Annotated[str, expects("what plex.tv knows this Usher by", "a UUID")] = ""
    plex_product: Annotated[str, expects("the name that plex.tv shows", "Usher")] = "Usher"
    trakt_client_id: Annotated[str, expects("the id of an application at Trakt", "64 hex digits")] = ""
    trakt_client_secret: Annotated[Secret, expects("the secret of that application", "64 hex digits")] = Secret("")
    discord_application_id: Snowflake = ""
    discord_public_key: HexKey = ""
    discord_bot_token: Annotated[Secret, expects("the bot's token", "as the developer portal shows it once")] = Secret(
        ""
    )
    discord_guild_id: Snowflake = ""
    discord_admin_role_id: Snowflake = ""
    discord_channel_id: Snowflake = ""
    users_sync_interval_hours: Hours = 24
    history_sync_interval_hours: Hours = 6
    plex_sync_interval_hours: Hours = 6
    usher_allow_private: Networks = ""
    plex_tv_url: Url = "https://plex.tv"
    plex_discover_url: Url = "https://discover.provider.plex.tv"
    plex_community_url: Url = "https://community.plex.tv"
    trakt_api_url: Url = "https://api.trakt.tv"
    trakt_auth_url: Url = "https://auth.trakt.tv"
    discord_api_url: Url = "https://discord.com/api/v10"

    @property
    def has_discord(self) -> bool:
        """Say whether Discord is on."""
        return bool(self.discord_application_id and self.discord_bot_token)


S = TypeVar("S", bound=msgspec.Struct)


def load(kind: type[S], *, environ: Mapping[str, str] | None = None, env_file: Path = Path(".env")) -> S:
    """Return the settings from the environment over the `.env` file; raise `SettingsError` for the first bad one.

    An empty variable counts as not set. Setting both `NAME` and `NAME_FILE` is an error.
    """
    variables = _variables(environ, env_file)
    hints = get_type_hints(kind, include_extras=True)
    values = {}
    for field in msgspec.structs.fields(kind):
        value = _read(field.name.upper(), hints[field.name], variables, required=field.required)
        if value is not None:
            values[field.name] = value
    return kind(**values)


def problems(
    kind: type[msgspec.Struct],
    *,
    environ: Mapping[str, str] | None = None,
    env_file: Path = Path(".env"),
    given: Collection[str] = (),
) -> list[str]:
    """Return every problem that `load` would raise; variables that are `given` elsewhere need not be set."""
    variables = _variables(environ, env_file)
    hints = get_type_hints(kind, include_extras=True)
    found = []
    for field in msgspec.structs.fields(kind):
        name = field.name.upper()
        try:
            _read(name, hints[field.name], variables, required=field.required and name not in given)
        except SettingsError as exc:
            found.append(exc.detail)
    return found


def unknown_variables(
    kinds: Iterable[type[msgspec.Struct]],
    *,
    prefix: str,
    environ: Mapping[str, str] | None = None,
    env_file: Path = Path(".env"),
) -> list[str]:
    """Return variables that begin with `prefix` and that no settings type has: most likely misspelt."""
    known = {field.name.upper() for kind in kinds for field in msgspec.structs.fields(kind)}
    names = _variables(environ, env_file)
    return sorted(name for name in names if name.startswith(prefix) and name.removesuffix("_FILE") not in known)


def aliases(*, environ: Mapping[str, str] | None = None, env_file: Path = Path(".env")) -> dict[str, bool]:
    """Return the aliases that are set, and whether each counts: it does not where the variable itself is set."""
    variables = _variables(environ, env_file)
    return {alias: not _is_set(name, variables) for name, alias in ALIASES.items() if _is_set(alias, variables)}


def describe_variables(kinds: Iterable[type[msgspec.Struct]]) -> dict[str, str]:
    """Return every variable with what it expects and its default; the first type that has a variable describes it."""
    lines: dict[str, str] = {}
    for kind in kinds:
        hints = get_type_hints(kind, include_extras=True)
        for field in msgspec.structs.fields(kind):
            default = "" if field.required or not field.default else f" (default {field.default})"
            name = field.name.upper()
            alias = f", also read as {ALIASES[name]}" if name in ALIASES else ""
            lines.setdefault(name, f"{_expected(hints[field.name])}{alias}{default}")
    return lines


def local_address(host: str, port: int) -> str:
    """Return the address at which this host itself reaches a server that listens there."""
    name = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (looked up)
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def _variables(environ: Mapping[str, str] | None, env_file: Path) -> dict[str, str]:
    return {**_dotenv(env_file), **(os.environ if environ is None else environ)}


def _dotenv(path: Path) -> dict[str, str]:
    text = _text(path)
    for binding in parse_stream(StringIO(text)):
        if binding.error:
            raise SettingsError(f"the file {path} is malformed at line {binding.original.line}: expected {_LINE}")
    return {name: value for name, value in dotenv.dotenv_values(stream=StringIO(text)).items() if value is not None}


def _text(path: Path) -> str:
    """Return the file's text; nothing if there is no such file, or none that can be seen from here."""
    if not os.path.exists(path) or path.is_dir():  # noqa: PTH110 (pathlib raises where a folder may not be searched)
        return ""
    try:
        return files.text(path, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"the file {path} cannot be read ({files.reason(exc)}): expected {_LINE}") from exc


def _read(name: str, hint: Any, variables: Mapping[str, str], *, required: bool) -> Any:
    source = _source(name, variables)
    raw = _raw(source, variables)
    if raw:
        return _convert(source, raw, hint)
    if required:
        raise SettingsError(f"{name} is not set: expected {_expected(hint)}")
    return None


def _source(name: str, variables: Mapping[str, str]) -> str:
    """Return the variable that a setting is read from: its own, or its alias where only that is set."""
    alias = ALIASES.get(name, name)
    return alias if _is_set(alias, variables) and not _is_set(name, variables) else name


def _is_set(name: str, variables: Mapping[str, str]) -> bool:
    return any(variables.get(each, "").strip() for each in (name, f"{name}_FILE"))


def _raw(name: str, variables: Mapping[str, str]) -> str:
    value, path = variables.get(name, ""), variables.get(f"{name}_FILE", "")
    if value and path:
        raise SettingsError(f"{name} and {name}_FILE are both set: keep one of them")
    if not path:
        return value.strip()
    return _content(f"{name}_FILE", path).strip()


def _content(name: str, path: str) -> str:
    """Return the text of a file that a variable names."""
    try:
        return files.text(Path(path), encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{name} names a file that cannot be read: {path} ({files.reason(exc)})") from exc


def _convert(name: str, raw: str, hint: Any) -> Any:
    plain, metas = _split(hint)
    if plain is Secret:
        return _secret(name, raw, hint, metas)
    if any(meta.extra and meta.extra.get("is_read") for meta in metas):
        _content(name, raw)
    target = Annotated[(plain, *metas)] if metas else plain
    try:
        return msgspec.convert(raw, target, strict=False)
    except msgspec.ValidationError as exc:
        raise SettingsError(f"{name} is {raw[:80]!r}: expected {_expected(hint)}") from exc


def _secret(name: str, raw: str, hint: Any, metas: tuple[Meta, ...]) -> Secret:
    least = max((meta.min_length or 0 for meta in metas), default=0)
    if len(raw) < least:
        raise SettingsError(f"{name} is too short: expected {_expected(hint)}")
    if not all(re.search(meta.pattern, raw) for meta in metas if meta.pattern):
        raise SettingsError(f"{name} is malformed: expected {_expected(hint)}")
    return Secret(raw)


def _split(hint: Any) -> tuple[Any, tuple[Meta, ...]]:
    if get_origin(hint) is Annotated:
        plain, *metas = get_args(hint)
        return plain, tuple(meta for meta in metas if isinstance(meta, Meta))
    return hint, ()


def _expected(hint: Any) -> str:
    plain, metas = _split(hint)
    if not metas:
        return f"a value of type {getattr(plain, '__name__', plain)}"
    meta = metas[-1]
    example = f", for example {meta.examples[0]}" if meta.examples else ""
    return f"{meta.description}{example}"
