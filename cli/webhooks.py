"""`usher webhooks`: the addresses to copy into media servers, each with its own secret."""

from typing import Annotated, Any, Final

import typer

from cli.client import ask, path
from cli.output import AsJson, Limit, Offset, show, show_json

COLUMNS: Final = {
    "Id": "id",
    "Source": "source",
    "Server": "server",
    "Made": "created_at",
    "Address of": "of",
    "Address": "url",
}

REFUSED: Final = {
    "Source": "source",
    "From": "address",
    "What is wrong": "text",
    "How to mend it": "mend",
    "Times": "count",
    "First": "first_at",
    "Last": "last_at",
}

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Show, add and remove webhook addresses; show refused senders."
)


@app.command(name="list")
def list_secrets(*, limit: Limit = 50, offset: Offset = 0, json: AsJson = False) -> None:
    """List the addresses; they contain secrets."""
    page = ask(lambda usher: usher.get(path("api", "webhooks", "secrets"), limit=limit, offset=offset))
    show(page if json else by_address(page), COLUMNS, json=json)


@app.command()
def add(
    *,
    source: Annotated[
        str | None, typer.Option(help="plex, jellyfin, emby, seerr or tautulli; by default, all.")
    ] = None,
    server: Annotated[str | None, typer.Option(help="The name of the server that will use it.")] = None,
    json: AsJson = False,
) -> None:
    """Create an address; the others stay valid."""
    made = ask(lambda usher: usher.post(path("api", "webhooks", "secrets"), source=source, server=server))
    show(made if json else by_address({"items": [made]}), COLUMNS, json=json)


@app.command()
def remove(secret: Annotated[str, typer.Argument(help="An id as `list` shows it.")], *, json: AsJson = False) -> None:
    """Make an address invalid."""
    ask(lambda usher: usher.delete(path("api", "webhooks", "secrets", secret)))
    if json:
        show_json({"id": secret})


@app.command()
def refused(*, limit: Limit = 50, offset: Offset = 0, json: AsJson = False) -> None:
    """List the senders that were refused on the last day, and how to fix them."""
    page = ask(lambda usher: usher.get(path("api", "webhooks", "refused"), limit=limit, offset=offset))
    show(page if json else _with_names(page), REFUSED, json=json)


def _with_names(page: Any) -> dict[str, Any]:
    rows = [sender | {"address": sender["address"] or "many others"} for sender in page["items"]]
    return {"items": rows, "total": page["total"]}


def by_address(page: Any) -> dict[str, Any]:
    """Return a page with one row for each address: a secret can be valid for several sources."""
    rows = []
    for secret in page["items"]:
        addresses = secret.get("addresses") or [{}]
        rows += [secret | {"of": each.get("source"), "url": each.get("url")} for each in addresses]
    return {"items": rows}
