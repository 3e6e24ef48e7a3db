"""seerrsync's `config.json`, as https://github.com/Pukabyte/seerrsync writes it: settings and database in one file."""

from collections import Counter
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from shared.errors import InvalidError
from shared.schemas.users import name_key

LARGEST: Final = 1024 * 1024


class OldSeerr(msgspec.Struct, frozen=True):
    """The Seerr of that tool."""

    url: str = ""
    api_key: str = ""

    def seerr(self) -> dict[str, Any]:
        """Return it in the form that Usher accepts."""
        return {"url": self.url.strip(), "api_key": self.api_key.strip()}


class OldServer(msgspec.Struct, frozen=True, kw_only=True):
    """A media server of that tool."""

    name: str
    type: Literal["plex", "jellyfin", "emby"]
    url: str
    token: str
    enabled: bool = True
    password_suffix: str | None = None
    request_limit: int | None = None
    machine_identifier: str | None = None
    include_owner: bool = True

    def server(self) -> dict[str, Any]:
        """Return it in the form that Usher accepts."""
        values = msgspec.structs.asdict(self)
        texts = {name: value.strip() for name, value in values.items() if isinstance(value, str)}
        empty = {name: None for name in ("password_suffix", "machine_identifier") if not texts.get(name)}
        return {**values, **texts, **empty}


class OldUser(msgspec.Struct, frozen=True):
    """A user of that tool. For most it has only the servers where it saw them."""

    blocked: bool | None = None
    immune: bool | None = None
    password: str | None = None
    request_limit: int | None = None

    def settings(self) -> dict[str, Any]:
        """Return the settings in the form that Usher accepts."""
        values = msgspec.structs.asdict(self)
        return {
            name: value for name, value in values.items() if value is not None and value is not False and value != ""
        }


class OldConfig(msgspec.Struct, frozen=True):
    """The file. `overseerr` is the older name of `seerr`."""

    seerr: OldSeerr | None = None
    overseerr: OldSeerr | None = None
    media_servers: list[OldServer] = []
    user_settings: dict[str, OldUser] = {}
    admin: dict[str, Any] | None = None
    sync_interval_minutes: float | None = None

    @property
    def its_seerr(self) -> OldSeerr | None:
        """Return its Seerr, if that is complete."""
        found = next((each for each in (self.seerr, self.overseerr) if each is not None and each.url), None)
        return found if found is not None and found.api_key else None

    @property
    def users(self) -> dict[str, dict[str, Any]]:
        """Return users' settings by name, without users that have none."""
        return {name.strip(): settings for name, user in self.user_settings.items() if (settings := user.settings())}


def read(path: Path) -> OldConfig:
    """Return the file; raise `InvalidError` if it is too large, is not JSON, or is something else."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as exc:
        raise InvalidError(f"{path} cannot be read ({type(exc).__name__})") from exc
    if len(content) > LARGEST:
        raise InvalidError(f"{path} has more than {LARGEST} bytes: is it seerrsync's config.json?")
    try:
        old = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"), type=OldConfig, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise InvalidError(f"{path} is not seerrsync's config.json: {_reason(exc)}") from exc
    _check_names(path, "servers", [server.name.strip().lower() for server in old.media_servers])
    _check_names(path, "users", [name_key(name) for name, user in old.user_settings.items() if user.settings()])
    if not old.media_servers and old.its_seerr is None and not old.users:
        raise InvalidError(
            f"{path} names no server and no Seerr, and sets nothing for users: is it seerrsync's config.json?"
        )
    return old


def _check_names(path: Path, what: str, names: list[str]) -> None:
    if twice := sorted(name for name, times in Counter(names).items() if times > 1):
        raise InvalidError(f"{path} has several {what} called {twice[0][:100]!r}: rename or remove all but one")


def _reason(error: Exception) -> str:
    return str(error)[:200] if isinstance(error, msgspec.MsgspecError) else type(error).__name__
