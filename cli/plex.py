"""`usher plex`: what a Plex server has, and what is playing."""

from typing import Annotated, Any, Final

import typer

from cli.client import ask, path
from cli.output import AsJson, Limit, Offset, show

LIBRARIES: Final = {"Id": "id", "Library": "title", "Holds": "type", "Agent": "agent"}
ITEMS: Final = {
    "Id": "id",
    "Kind": "type",
    "Show": "show",
    "S": "season",
    "E": "episode",
    "Title": "title",
    "Year": "year",
    "Added": "added_at",
}
SESSIONS: Final = {
    "Who": "username",
    "Show": "item.show",
    "Title": "item.title",
    "Year": "item.year",
    "Player": "player",
    "State": "state",
}

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Show the contents of a Plex server.")

Server = Annotated[str, typer.Argument(help="A configured server's name, or a machine id.")]
Person = Annotated[
    str | None, typer.Option(help="Read as this person, by id; by default, with the server's own token.", metavar="ID")
]


@app.command()
def libraries(
    server: Server, *, person: Person = None, limit: Limit = 50, offset: Offset = 0, json: AsJson = False
) -> None:
    """List libraries."""
    show(_read(server, "libraries", person=person, limit=limit, offset=offset), LIBRARIES, json=json)


@app.command()
def items(
    server: Server,
    library: Annotated[str, typer.Argument(help="A library's id, as `libraries` shows it.")],
    *,
    kind: Annotated[str | None, typer.Option(help="What to list of a library of shows: episode, season, …")] = None,
    person: Person = None,
    limit: Limit = 50,
    offset: Offset = 0,
    json: AsJson = False,
) -> None:
    """List the titles in a library."""
    page = _read(server, "libraries", library, "items", kind=kind, person=person, limit=limit, offset=offset)
    show(page, ITEMS, json=json)


@app.command()
def recent(
    server: Server, *, person: Person = None, limit: Limit = 50, offset: Offset = 0, json: AsJson = False
) -> None:
    """List recent additions, newest first."""
    show(_read(server, "recently-added", person=person, limit=limit, offset=offset), ITEMS, json=json)


@app.command()
def search(
    server: Server,
    query: Annotated[str, typer.Argument(help="The beginning of a word in a title.")],
    *,
    person: Person = None,
    limit: Limit = 50,
    offset: Offset = 0,
    json: AsJson = False,
) -> None:
    """Find titles in all libraries."""
    show(_read(server, "search", query=query, person=person, limit=limit, offset=offset), ITEMS, json=json)


@app.command()
def sessions(
    server: Server, *, person: Person = None, limit: Limit = 50, offset: Offset = 0, json: AsJson = False
) -> None:
    """List what is being watched now; Plex shows it only to the server's owner."""
    show(_read(server, "sessions", person=person, limit=limit, offset=offset), SESSIONS, json=json)


def _read(server: str, *parts: str, **query: str | int | None) -> Any:
    return ask(lambda usher: usher.get(path("api", "plex", server, *parts), **query))
