"""`usher runs`: work of minutes or hours, as a list and as it goes on, and ending it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

import msgspec
import typer

from cli.client import AwayError, UnreadyError, Usher, ask, path
from cli.errors import print_error
from cli.events import follow_stream
from cli.output import AsJson, Limit, Offset, cell, show, show_whole

COLUMNS: Final = {
    "Requested": "requested_at",
    "Kind": "kind",
    "Status": "status",
    "Done": "progress.done",
    "Of": "progress.total",
    "Counts": "counts",
    "By": "requested_by",
    "Id": "id",
}
_PAUSE_S: Final = 1.0
Status = Literal["queued", "running", "success", "partial", "error", "cancelled"]

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Show, follow and cancel runs.")

RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run's id.")]


@app.command(name="list")
def list_runs(
    *,
    kind: Annotated[str | None, typer.Option(help="Only of this kind, such as seerr.")] = None,
    status: Annotated[Status | None, typer.Option(help="Only these.")] = None,
    limit: Limit = 50,
    offset: Offset = 0,
    json: AsJson = False,
) -> None:
    """List runs, newest first."""
    query = {"kind": kind, "status": status, "limit": limit, "offset": offset}
    show(ask(lambda usher: usher.get(path("api", "runs"), **query)), COLUMNS, json=json)


@app.command(name="show")
def show_run(run: RunId, *, json: AsJson = False) -> None:
    """Show one, with what failed in it."""
    show_whole(ask(lambda usher: usher.get(path("api", "runs", run))), json=json)


@app.command()
def cancel(run: RunId, *, json: AsJson = False) -> None:
    """End a run where it is; what it did so far stays."""
    show(ask(lambda usher: usher.post(path("api", "runs", run, "cancel"))), {"Kind": "kind", "Id": "id"}, json=json)


@app.command()
def watch(
    run: Annotated[str | None, typer.Argument(metavar="[RUN]", help="A run's id; all runs without one.")] = None,
    *,
    json: AsJson = False,
) -> None:
    """Follow a run to its end, or all runs until Ctrl-C."""

    async def follow(usher: Usher) -> None:
        async for each in changes_of_all(usher) if run is None else changes_until_over(usher, run):
            print(msgspec.json.encode(each).decode() if json else line(each), flush=True)

    try:
        ask(follow)
    except KeyboardInterrupt:
        return


async def changes_until_over(usher: Usher, run: str) -> AsyncIterator[Any]:
    """Give how a run is, now and after each change, until it is over; a gateway that starts again is waited for."""
    known = None
    while known is None or known["finished_at"] is None:
        now = await _how_it_is(usher, run, known)
        if now != known:
            yield now
        elif now["finished_at"] is None:
            await asyncio.sleep(_PAUSE_S)
        known = now


async def _how_it_is(usher: Usher, run: str, known: Any) -> Any:
    try:
        return await usher.get(path("api", "runs", run))
    except (AwayError, UnreadyError) as exc:
        if known is None:
            raise
        print_error(f"{exc.detail}; trying again")
        return known


async def changes_of_all(usher: Usher) -> AsyncIterator[Any]:
    """Give how any run is after each change, for ever."""
    async for item in follow_stream(usher, kind="run"):
        yield msgspec.json.decode(item)


def line(run: Any) -> str:
    """Return a run as a line for people."""
    done, total = cell(run, "progress.done"), cell(run, "progress.total") or "?"
    words = [cell(run, "id"), cell(run, "kind"), cell(run, "status"), f"{done} of {total}", cell(run, "counts")]
    return "  ".join(word for word in words if word)
