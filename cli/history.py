"""`usher history`: what was watched, and statistics."""

from typing import Annotated, Any, Final, Literal

import typer

from cli.client import ask
from cli.output import AsJson, Limit, Moment, Offset, plain, show, show_json, show_table

COLUMNS: Final = {
    "Watched": "watched_at",
    "Who": "person.name",
    "Account": "account.name",
    "Show": "show",
    "S": "season",
    "E": "episode",
    "Title": "title",
    "Year": "year",
    "Source": "source",
    "Id": "id",
}
_TOTALS: Final = ("total", "movies", "episodes", "unclaimed")
_CHARTS: Final = ("by_person", "by_source", "top_shows", "top_movies", "by_day")

app = typer.Typer(add_completion=False)


@app.command()
def history(
    *,
    person: Annotated[str | None, typer.Option(help="Only this person's, by id.")] = None,
    kind: Annotated[Literal["movie", "episode"] | None, typer.Option("--type", help="Only these.")] = None,
    since: Moment = None,
    until: Moment = None,
    search: Annotated[str | None, typer.Option(help="Only titles and shows with this text.")] = None,
    limit: Limit = 50,
    offset: Offset = 0,
    stats: Annotated[bool, typer.Option("--stats", help="Count instead of listing.")] = False,
    json: AsJson = False,
) -> None:
    """Show what was watched, newest first."""
    wanted: dict[str, str | int | None] = {
        "person": person, "type": kind, "since": since, "until": until, "search": search
    }  # fmt: skip
    if stats:
        show_stats(ask(lambda usher: usher.get("/api/history/stats", **wanted)), json=json)
    else:
        plays = ask(lambda usher: usher.get("/api/history", limit=limit, offset=offset, **wanted))
        show(plays, COLUMNS, json=json)


def show_stats(counted: Any, *, json: bool) -> None:
    """Print the counts of plays."""
    if json:
        show_json(counted)
        return
    print(", ".join(f"{plain(counted.get(name))} {name}" for name in _TOTALS))
    for name in _CHARTS:
        if counted.get(name):
            show_table(counted[name], {"": "name", "Plays": "plays"}, title=name.replace("_", " "))
