"""`usher import seerrsync`: the servers and the Seerr of that tool's `config.json`.

The file is as https://github.com/Pukabyte/seerrsync writes it. All of it is read and all servers are tested before
anything is kept; what is there already is left alone, so that it can be run again.
"""

from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import typer

from cli.client import AnswerError, Usher, ask
from cli.output import AsJson, show_json, show_table
from cli.servers import post_server
from shared.errors import InvalidError

LARGEST: Final = 1024 * 1024
COLUMNS: Final = {"What": "what", "": "outcome", "Because": "reason"}
_MOST: Final = 200

Outcome = Literal["add", "added", "there", "refused", "not imported"]


class OldSeerr(msgspec.Struct, frozen=True):
    """Where that tool's Seerr is."""

    url: str = ""
    api_key: str = ""


class OldServer(msgspec.Struct, frozen=True, kw_only=True):
    """A media server as that tool has it."""

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
        """Return it as Usher takes it."""
        values = msgspec.structs.asdict(self)
        texts = {name: value.strip() for name, value in values.items() if isinstance(value, str)}
        empty = {name: None for name in ("password_suffix", "machine_identifier") if not texts.get(name)}
        return {**values, **texts, **empty}


class OldUser(msgspec.Struct, frozen=True):
    """What that tool keeps of a user."""

    blocked: bool | None = None
    immune: bool | None = None
    password: str | None = None
    request_limit: int | None = None


class OldConfig(msgspec.Struct, frozen=True):
    """The file. `overseerr` is what `seerr` was called before."""

    seerr: OldSeerr | None = None
    overseerr: OldSeerr | None = None
    media_servers: list[OldServer] = []
    user_settings: dict[str, OldUser] = {}
    admin: dict[str, Any] | None = None
    sync_interval_minutes: float | None = None

    @property
    def its_seerr(self) -> OldSeerr | None:
        """Return its Seerr, where there is a complete one."""
        found = next((each for each in (self.seerr, self.overseerr) if each is not None and each.url), None)
        return found if found is not None and found.api_key else None


class Line(msgspec.Struct, frozen=True):
    """What becomes of one thing in the file."""

    what: str
    outcome: Outcome
    reason: str = ""


def seerrsync(
    config: Annotated[Path, typer.Argument(help="That tool's config.json.", metavar="CONFIG.JSON")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read and test, keep nothing.")] = False,
    json: AsJson = False,
) -> None:
    """Take over the servers and the Seerr of seerrsync. Nothing is kept unless all of it can be."""
    old = read(config)
    lines = [*ask(lambda usher: _import(usher, old, dry_run=dry_run)), *left_out(old)]
    has_failed = any(line.outcome == "refused" for line in lines)
    if json:
        show_json({"items": lines, "dry_run": dry_run, "imported": not (dry_run or has_failed)})
    else:
        show_table([msgspec.to_builtins(line) for line in lines], COLUMNS)
        if has_failed:
            print("Nothing was imported.")
    raise typer.Exit(1 if has_failed else 0)


def read(path: Path) -> OldConfig:
    """Return the file; raise `InvalidError` for one that is too large, is not JSON, or is something else."""
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
    names = [server.name.strip().lower() for server in old.media_servers]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidError(f"{path} has several servers called {twice[0]!r}: rename all but one")
    if not old.media_servers and old.its_seerr is None:
        raise InvalidError(f"{path} names no server and no Seerr: is it seerrsync's config.json?")
    return old


def _reason(error: Exception) -> str:
    return str(error)[:200] if isinstance(error, msgspec.MsgspecError) else type(error).__name__


def left_out(old: OldConfig) -> list[Line]:
    """Return what is in the file and is not taken over, with what to do about it."""
    lines = []
    if old.user_settings:
        counts = {
            name: sum(_has(user, name) for user in old.user_settings.values()) for name in OldUser.__struct_fields__
        }
        kept = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "none of them set"
        reason = f"what was set for single users ({kept}) belongs to the sync of users"
        lines.append(Line(f"settings of {len(old.user_settings)} users", "not imported", reason))
    if old.admin is not None:
        lines.append(Line("admin", "not imported", "Usher has its own: USHER_ADMIN_USERNAME, USHER_ADMIN_PASSWORD"))
    if old.sync_interval_minutes is not None:
        hours = max(1, round(old.sync_interval_minutes / 60))
        reason = f"set USERS_SYNC_INTERVAL_HOURS={hours} for every {old.sync_interval_minutes:g} minutes"
        lines.append(Line("sync_interval_minutes", "not imported", reason))
    return lines


def _has(user: OldUser, name: str) -> bool:
    value = getattr(user, name)
    return value is not None and value is not False and value != ""


async def _import(usher: Usher, old: OldConfig, *, dry_run: bool) -> list[Line]:
    there = {each["name"].lower() for each in (await usher.get("/api/mediaservers", limit=_MOST))["items"]}
    has_seerr = (await usher.get("/api/seerr"))["url"] is not None
    wanted = [server.server() for server in old.media_servers if server.name.strip().lower() not in there]
    lines = [
        Line(server.name, "there", "a server of this name is left as it is")
        for server in old.media_servers
        if server.name.strip().lower() in there
    ]
    lines += await _tried(usher, wanted)
    if has_seerr and old.its_seerr is not None:
        lines.append(Line("Seerr", "there", "the connection is left as it is"))
    seerr = None if has_seerr else old.its_seerr
    if dry_run or any(line.outcome == "refused" for line in lines):
        return [*lines, *([Line("Seerr", "add", "it is tested when it is added")] if seerr else [])]
    return await _keep(usher, lines, wanted, seerr)


async def _tried(usher: Usher, servers: list[dict[str, Any]]) -> list[Line]:
    lines, machines = [], dict[tuple[str, str], str]()
    for server in servers:
        try:
            tested = await post_server(usher, server, dry_run=True)
        except AnswerError as exc:
            lines.append(Line(server["name"], "refused", exc.detail))
            continue
        machine = (server["type"], tested["machine_identifier"] or server["name"])
        if machine in machines:
            lines.append(Line(server["name"], "refused", f"it is the same server as {machines[machine]!r}"))
        else:
            machines[machine] = server["name"]
            lines.append(Line(server["name"], "add", tested["problem"] or ""))
    return lines


async def _keep(usher: Usher, lines: list[Line], wanted: list[dict[str, Any]], seerr: OldSeerr | None) -> list[Line]:
    """Keep what was tested; Seerr first, because it is tested only then."""
    kept = []
    if seerr is not None:
        try:
            made = await usher.put("/api/seerr", url=seerr.url.strip(), api_key=seerr.api_key.strip())
        except AnswerError as exc:
            return [*lines, Line("Seerr", "refused", exc.detail)]
        kept.append(Line("Seerr", "added", made["problem"] or ""))
    for server in wanted:
        made = await post_server(usher, server, dry_run=False)
        kept.append(Line(server["name"], "added", made["problem"] or ""))
    return [*(line for line in lines if line.outcome != "add"), *kept]
