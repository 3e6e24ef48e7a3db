"""`usher people`: persons and their accounts."""

import sys
from collections.abc import AsyncIterator
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


@app.command()
def unmerge(
    person: Person,
    other: Annotated[str, typer.Argument(help="The id of who was merged into them.")],
    *,
    json: AsJson = False,
) -> None:
    """Undo a merge: the other is a person of their own again."""
    _show_one(ask(lambda usher: usher.post(path("api", "people", person, "unmerge"), merged_id=other)), json=json)


@app.command(name="give-back")
def give_back(
    person: Person,
    source: Annotated[str, typer.Argument(help="plex, jellyfin, emby or tautulli.")],
    server: Annotated[str, typer.Argument(help="The server's id as `show` shows it; '' if it has none.")],
    account: Annotated[str, typer.Argument(help="The account's id.")],
    *,
    json: AsJson = False,
) -> None:
    """Say that an account is not theirs; it is nobody's again, with its plays."""
    body = {"source": source, "server": server, "account_id": account}
    _show_one(ask(lambda usher: usher.post(path("api", "people", person, "give-back"), **body)), json=json)


@app.command()
def export(person: Person, *, json: AsJson = False) -> None:  # noqa: ARG001 (it is JSON in any case)
    """Print all that is known of a person, as JSON."""
    ask(lambda usher: _print_pieces(usher.pieces(path("api", "people", person, "export"))))


@app.command()
def forget(
    person: Person,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Forget them without asking first.")] = False,
    json: AsJson = False,
) -> None:
    """Delete a person for good: accounts, tokens, plays, settings, keys. Their user in Seerr stays."""
    if not yes:
        name = plain(ask(lambda usher: usher.get(path("api", "people", person)))["name"])
        typer.confirm(f"Delete all that is known of {name}, for good?", abort=True, err=True)
    forgotten = ask(lambda usher: usher.delete(path("api", "people", person)))
    if json:
        show_json(forgotten)
        return
    print("They are forgotten.")
    if forgotten["remaining_seerr_user_id"] is not None:
        print(f"Their user {forgotten['remaining_seerr_user_id']} stays in Seerr: delete it there.")


async def _print_pieces(pieces: AsyncIterator[bytes]) -> None:
    """Print an answer as it comes in: it may be larger than the memory."""
    async for piece in pieces:
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.write(b"\n")
    sys.stdout.flush()


def _show_one(person: dict[str, Any], *, json: bool) -> None:
    if not json:
        _name_accounts(person)
    show(person, COLUMNS, json=json)


def _name_accounts(person: dict[str, Any]) -> None:
    person["accounts"] = [f"{each['provider']} {each['username']}" for each in person.get("identities", [])]
