"""`usher events`: what came in by webhook and its outcome, as a list and live."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

import msgspec
import typer

from cli.client import AwayError, UnreadyError, Usher, ask, path
from cli.errors import print_error
from cli.output import AsJson, Limit, Moment, Offset, cell, show, show_whole

COLUMNS: Final = {
    "Received": "received_at",
    "Source": "source",
    "Event": "event",
    "Server": "server",
    "Status": "status",
    "Reason": "reason",
    "Id": "id",
}
MESSAGE: Final = "message"
"""The kind of server-sent events that name none: what comes in."""
_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 10.0

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Show what came in and what became of it.")

Event = Annotated[str, typer.Argument(help="An event's id.")]


@app.command(name="list")
def list_events(
    *,
    source: Annotated[str | None, typer.Option(help="plex, jellyfin, emby, seerr or tautulli.")] = None,
    event: Annotated[str | None, typer.Option(help="The sender's word, such as media.scrobble.")] = None,
    status: Annotated[Literal["pending", "handled", "ignored", "dead"] | None, typer.Option(help="Only these.")] = None,
    server: Annotated[str | None, typer.Option(help="Only of this server.")] = None,
    since: Moment = None,
    until: Moment = None,
    search: Annotated[str | None, typer.Option(help="Only with this text.")] = None,
    limit: Limit = 50,
    offset: Offset = 0,
    json: AsJson = False,
) -> None:
    """List events, newest first."""
    filters = {"source": source, "event": event, "status": status, "server": server, "search": search}
    moments = {"since": since, "until": until}
    show(
        ask(lambda usher: usher.get(path("api", "events"), limit=limit, offset=offset, **filters, **moments)),
        COLUMNS,
        json=json,
    )


@app.command(name="show")
def show_event(event: Event, *, json: AsJson = False) -> None:
    """Show one, with its payload."""
    show_whole(ask(lambda usher: usher.get(path("api", "events", event), full="true")), json=json)


@app.command()
def replay(event: Event, *, json: AsJson = False) -> None:
    """Handle one again, as if it came in now; effects that it had before are not repeated."""
    show(
        ask(lambda usher: usher.post(path("api", "events", event, "replay"))),
        {"Id": "id", "Attempt": "attempt"},
        json=json,
    )


@app.command()
def tail(*, json: AsJson = False) -> None:
    """Follow new events until Ctrl-C; reconnects if the connection breaks."""

    async def follow(usher: Usher) -> None:
        async for item in follow_stream(usher):
            print(item if json else line(item), flush=True)

    try:
        ask(follow)
    except KeyboardInterrupt:
        return


async def follow_stream(usher: Usher, *, kind: str = MESSAGE) -> AsyncIterator[str]:
    """Yield each item of a kind as JSON, for ever. Raises `AwayError` or `UnreadyError` only if it never connected."""
    pause, was_connected = _PAUSE_S, False

    async def lines() -> AsyncIterator[str]:
        nonlocal pause, was_connected
        async for each in usher.lines(path("api", "events", "stream")):
            pause, was_connected = _PAUSE_S, True
            yield each

    while True:
        try:
            async for item in data(lines(), kind=kind):
                yield item
        except (AwayError, UnreadyError):
            if not was_connected:
                raise
        print_error(f"the stream ended; trying again in {pause:.0f} s")
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_S)


async def data(lines: AsyncIterator[str], *, kind: str = MESSAGE) -> AsyncIterator[str]:
    """Yield the data of server-sent events of a kind.

    https://html.spec.whatwg.org/multipage/server-sent-events.html
    """
    parts: list[str] = []
    found = MESSAGE
    async for each in lines:
        name, _, value = each.partition(":")
        if name == "data":
            parts.append(value.removeprefix(" "))
        elif name == "event":
            found = value.removeprefix(" ")
        elif not each:
            if parts and found == kind:
                yield "\n".join(parts)
            parts, found = [], MESSAGE


def line(item: str) -> str:
    """Return an item of the stream as a line for people."""
    try:
        event: Any = msgspec.json.decode(item)
    except msgspec.MsgspecError:
        return cell({"item": item}, "item")
    words = [cell(event, name) for name in ("received_at", "status", "source", "event", "server", "reason")]
    return "  ".join(word for word in words if word)
