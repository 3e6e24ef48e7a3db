"""`usher import seerrsync`: imports servers, the Seerr and users' settings from that tool's `config.json`.

Everything is read and tested before anything is stored, with the same calls that store it afterwards. What exists
already is unchanged. So after an interruption, the same command does the rest.
"""

from collections.abc import Awaitable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Protocol

import msgspec
import typer

from cli.client import AnswerError, AwayError, UnreadyError, Usher, ask
from cli.errors import BadUsageError
from cli.output import AsJson, show_json, show_table
from cli.progress import progress
from cli.seerrsync_file import OldConfig, read
from cli.servers import post_server, put_seerr
from cli.users import put_settings

COLUMNS: Final = {"What": "what", "": "outcome", "Because": "reason"}
_MOST: Final = 200
_NOTHING: Final = "Nothing was imported."
_UNENDED: Final = "Not all was imported. Run the same command again: it goes on with what is missing."

Kind = Literal["Seerr", "server", "user"]
Outcome = Literal["add", "added", "there", "refused", "failed", "not tried", "not imported"]


class Line(msgspec.Struct, frozen=True):
    """The outcome for one thing in the file."""

    what: str
    outcome: Outcome
    reason: str = ""


class Call(Protocol):
    """Stores something, or only tries to; returns its state now, or as it would be."""

    def __call__(self, usher: Usher, *, dry_run: bool) -> Awaitable[Any]: ...


class Step(msgspec.Struct, frozen=True):
    """One thing to import. `note` describes what is imported with it."""

    kind: Kind
    name: str
    call: Call
    note: str = ""

    @property
    def what(self) -> str:
        """Return its name in the table."""
        return f"user {self.name}" if self.kind == "user" else self.name


def seerrsync(
    config: Annotated[Path, typer.Argument(help="That tool's config.json.", metavar="CONFIG.JSON")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read and test, store nothing.")] = False,
    json: AsJson = False,
) -> None:
    """Take over servers, Seerr and users' settings of seerrsync. Nothing is kept unless all of it can be."""
    old = read(config)
    lines = [*ask(lambda usher: _import(usher, old, dry_run=dry_run)), *not_imported(old)]
    outcomes = {line.outcome for line in lines}
    is_done = not outcomes & {"refused", "failed"}
    if json:
        show_json({"items": lines, "dry_run": dry_run, "imported": is_done and not dry_run})
    else:
        show_table([msgspec.to_builtins(line) for line in lines], COLUMNS)
        if not is_done:
            print(_UNENDED if "failed" in outcomes else _NOTHING)
    raise typer.Exit(0 if is_done else 1)


def not_imported(old: OldConfig) -> list[Line]:
    """Return what is in the file but not imported, with what to do about it."""
    lines = []
    if unset := len(old.user_settings) - len(old.users):
        lines.append(Line("users", "not imported", f"nothing is set for {unset} of them"))
    if old.admin is not None:
        lines.append(Line("admin", "not imported", "Usher has its own: USHER_ADMIN_USERNAME, USHER_ADMIN_PASSWORD"))
    if old.sync_interval_minutes is not None:
        hours = max(1, round(old.sync_interval_minutes / 60))
        reason = f"set USERS_SYNC_INTERVAL_HOURS={hours} for every {old.sync_interval_minutes:g} minutes"
        lines.append(Line("sync_interval_minutes", "not imported", reason))
    return lines


async def _import(usher: Usher, old: OldConfig, *, dry_run: bool) -> list[Line]:
    names = await _existing_names(usher)
    there, steps = list[Line](), list[Step]()
    for step in steps_of(old):
        if (step.kind, step.name.strip().lower()) in names:
            there.append(Line(step.what, "there", "what is there under this name is left as it is"))
        else:
            steps.append(step)
    tested = await _test_all(usher, steps)
    wanted = [step for step, line in zip(steps, tested, strict=True) if line.outcome == "add"]
    if dry_run or any(line.outcome == "refused" for line in tested):
        return [*there, *tested]
    return [*there, *(line for line in tested if line.outcome != "add"), *await _keep_all(usher, wanted)]


def steps_of(old: OldConfig) -> list[Step]:
    """Return everything that can be imported, in the order of storing."""
    seerr = old.its_seerr
    return [
        *([] if seerr is None else [Step("Seerr", "Seerr", partial(put_seerr, seerr=seerr.seerr()))]),
        *(Step("server", server.name, partial(post_server, server=server.server())) for server in old.media_servers),
        *(
            Step("user", name, partial(put_settings, name=name, changes=settings), note=describe_settings(settings))
            for name, settings in old.users.items()
        ),
    ]


def describe_settings(settings: dict[str, Any]) -> str:
    """Return a user's settings in words, without the password itself."""
    words = {"request_limit": f"request limit {settings.get('request_limit')}", "password": "a password"}
    return ", ".join(words.get(name, name) for name in settings)


async def _existing_names(usher: Usher) -> set[tuple[Kind, str]]:
    servers = (await usher.get("/api/mediaservers", limit=_MOST))["items"]
    has_seerr = (await usher.get("/api/seerr"))["url"] is not None
    names: set[tuple[Kind, str]] = {("server", each["name"].lower()) for each in servers}
    return names | {("Seerr", "seerr")} if has_seerr else names


async def _test_all(usher: Usher, steps: list[Step]) -> list[Line]:
    lines, machines = [], dict[tuple[str, str], str]()
    with progress("Testing", total=len(steps)) as advance:
        for step in steps:
            lines.append(await _test(usher, step, machines))
            advance()
    return lines


async def _test(usher: Usher, step: Step, machines: dict[tuple[str, str], str]) -> Line:
    try:
        answer = await step.call(usher, dry_run=True)
    except UnreadyError as exc:
        raise UnreadyError(f"{step.what} cannot be tested, so nothing was imported: {exc.detail}") from exc
    except (AnswerError, BadUsageError) as exc:
        return Line(step.what, "refused", exc.detail)
    if answer.get("changed_at") is not None:
        return Line(step.what, "there", "what is set for this user is left as it is")
    if machine := answer.get("machine_identifier"):
        first = machines.setdefault((answer["type"], machine), step.what)
        if first != step.what:
            return Line(step.what, "refused", f"it is the same server as {first!r}")
    return Line(step.what, "add", answer.get("problem") or step.note)


async def _keep_all(usher: Usher, steps: list[Step]) -> list[Line]:
    """Store one after the other, up to the first that fails."""
    lines: list[Line] = []
    with progress("Importing", total=len(steps)) as advance:
        for step in steps:
            is_over = bool(lines) and lines[-1].outcome != "added"
            lines.append(Line(step.what, "not tried", step.note) if is_over else await _keep(usher, step))
            advance()
    return lines


async def _keep(usher: Usher, step: Step) -> Line:
    try:
        answer = await step.call(usher, dry_run=False)
    except (AwayError, UnreadyError) as exc:
        return Line(step.what, "failed", f"{exc.detail}; whether it was kept is seen when the command is run again")
    except AnswerError as exc:
        return Line(step.what, "failed", exc.detail)
    return Line(step.what, "added", answer.get("problem") or step.note)
