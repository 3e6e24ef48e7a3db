"""`usher people`: persons and their accounts."""

from typing import Annotated, Any, Final

import typer

from cli.client import ask, path
from cli.output import AsJson, Limit, Offset, plain, show, show_json, show_table

COLUMNS: Final = {"Id": "id", "Name": "name", "Accounts": "accounts", "Seerr user": "seerr_user_id"}
IDENTITIES: Final = {
    "System": "provider",
    "Server": "server",
    "Id": "id",
    "Name": "username",
    "E-mail": "email",
    "Proven": "proven",
    "Linked": "linked_at",
}
UNCLAIMED: Final = {
    "Source": "source",
    "Server": "server",
    "Account": "account_id",
    "Name": "account_name",
    "Plays": "plays",
    "Last seen": "last_seen_at",
}

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Show people, and assign accounts to them.")

Person = Annotated[str, typer.Argument(help="A person's id.")]


@app.command(name="list")
def list_people(
    *,
    search: Annotated[str | None, typer.Option(help="Only names with this text.")] = None,
    limit: Limit = 50,
    offset: Offset = 0,
    json: AsJson = False,
) -> None:
    """List people by name."""
    page = ask(lambda usher: usher.get(path("api", "people"), search=search, limit=limit, offset=offset))
    for person in [] if json else page["items"]:
        _name_accounts(person)
    show(page, COLUMNS, json=json)


@app.command(name="show")
def show_person(person: Person, *, json: AsJson = False) -> None:
    """Show a person and all their accounts."""
    found = ask(lambda usher: usher.get(path("api", "people", person)))
    if json:
        show_json(found)
    else:
        show_table(found["identities"], IDENTITIES, title=f"{found['name']} ({found['id']})")
        if found.get("seerr_reason"):
            print(f"Seerr: {plain(found['seerr_reason'])}")


@app.command()
def unclaimed(*, limit: Limit = 50, offset: Offset = 0, json: AsJson = False) -> None:
    """List accounts that were seen in webhooks and belong to no person."""
    page = ask(lambda usher: usher.get(path("api", "people", "unclaimed"), limit=limit, offset=offset))
    show(page, UNCLAIMED, json=json)


@app.command()
def claim(
    source: Annotated[str, typer.Argument(help="plex, jellyfin, emby or tautulli.")],
    server: Annotated[str, typer.Argument(help="The server's id as `unclaimed` shows it; '' if it has none.")],
    account: Annotated[str, typer.Argument(help="The account's id.")],
    *,
    person: Annotated[str | None, typer.Option(help="The person's id; by default, a new person.")] = None,
    name: Annotated[str | None, typer.Option(help="The new person's name; by default, the account's.")] = None,
    json: AsJson = False,
) -> None:
    """Say whose an account is; its plays so far go with it."""
    body = {"source": source, "server": server, "account_id": account, "person_id": person, "name": name}
    _show_one(ask(lambda usher: usher.post(path("api", "people", "unclaimed", "claim"), **body)), json=json)


@app.command()
def merge(
    person: Person,
    other: Annotated[str, typer.Argument(help="The id of the same human's other entry, which is removed.")],
    *,
    json: AsJson = False,
) -> None:
    """Say that two entries are one person."""
    _show_one(ask(lambda usher: usher.post(path("api", "people", person, "merge"), merged_id=other)), json=json)


def _show_one(person: dict[str, Any], *, json: bool) -> None:
    if not json:
        _name_accounts(person)
    show(person, COLUMNS, json=json)


def _name_accounts(person: dict[str, Any]) -> None:
    person["accounts"] = [f"{each['provider']} {each['username']}" for each in person.get("identities", [])]
