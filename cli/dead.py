"""`usher dead`: lists dead letters, and replays or drops them."""

from typing import Annotated, Any, Final

import typer

from cli.client import Usher, ask, path
from cli.output import AsJson, Limit, Offset, show, show_json, show_whole

COLUMNS: Final = {
    "Died": "died_at",
    "Service": "service",
    "Subject": "subject",
    "Reason": "reason",
    "Tries": "attempts",
    "Replays": "replays",
    "Id": "id",
}

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Show, replay or drop messages that could not be handled."
)

Ids = Annotated[list[str], typer.Argument(help="Ids as `list` shows them.")]


@app.command(name="list")
def list_letters(
    *,
    service: Annotated[str | None, typer.Option(help="Only of this service.")] = None,
    search: Annotated[str | None, typer.Option(help="Only with this text in subject, message id or reason.")] = None,
    limit: Limit = 50,
    offset: Offset = 0,
    json: AsJson = False,
) -> None:
    """List what could not be handled, newest first."""
    query = {"service": service, "search": search, "limit": limit, "offset": offset}
    show(ask(lambda usher: usher.get(path("api", "deadletters"), **query)), COLUMNS, json=json)


@app.command(name="show")
def show_letter(letter: Annotated[str, typer.Argument(help="An id.")], *, json: AsJson = False) -> None:
    """Show one, with the original message."""
    show_whole(ask(lambda usher: usher.get(path("api", "deadletters", letter), full="true")), json=json)


@app.command()
def replay(letters: Ids, *, json: AsJson = False) -> None:
    """Give messages back to the service that gave them up."""

    async def each(usher: Usher) -> list[Any]:
        return [await usher.post(path("api", "deadletters", letter, "replay")) for letter in letters]

    replayed = ask(each)
    show({"items": replayed}, {"Id": "id", "Replay": "attempt"}, json=json)


@app.command()
def drop(letters: Ids, *, json: AsJson = False) -> None:
    """Give messages up for good."""

    async def each(usher: Usher) -> None:
        for letter in letters:
            await usher.delete(path("api", "deadletters", letter))

    ask(each)
    if json:
        show_json({"items": [{"id": letter} for letter in letters]})
