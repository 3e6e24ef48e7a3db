"""`usher link`: links accounts from the terminal, and lists and removes links."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from cli.client import AnswerError, AwayError, UnreadyError, Usher, ask, path
from cli.output import AsJson, Limit, Offset, plain, show, show_json

COLUMNS: Final = {
    "System": "provider",
    "Account": "account.username",
    "Id": "account.id",
    "Server": "account.server",
    "Person": "person.name",
    "State": "state",
    "Reason": "reason",
    "Linked": "linked_at",
    "Checked": "checked_at",
}
PAUSE_S: Final = 2.0

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Link accounts, show and remove them.")

Person = Annotated[
    str | None, typer.Option(metavar="ID", help="The id of the person to link it to; by default, whoever signs in.")
]
Server = Annotated[str | None, typer.Option(help="The server, if there are several.")]


@app.command()
def plex(*, person: Person = None, json: AsJson = False) -> None:
    """Link a Plex account: sign in at the address shown, or type the code at plex.tv/link. Ctrl-C calls it off."""
    _sign_in("plex", server=None, person=person, json=json)


@app.command()
def jellyfin(
    username: Annotated[str | None, typer.Argument(help="The user name there, to sign in with a password.")] = None,
    *,
    server: Server = None,
    person: Person = None,
    json: AsJson = False,
) -> None:
    """Link a Jellyfin account by Quick Connect (Ctrl-C calls it off), or by a name and its password."""
    if username is None:
        _sign_in("jellyfin", server=server, person=person, json=json)
    else:
        _by_password("jellyfin", username, server=server, person=person, json=json)


@app.command()
def trakt(*, person: Person = None, json: AsJson = False) -> None:
    """Link a Trakt account by a code. Ctrl-C calls it off."""
    _sign_in("trakt", server=None, person=person, json=json)


@app.command()
def emby(
    username: Annotated[str, typer.Argument(help="The user's name there.")],
    *,
    server: Server = None,
    person: Person = None,
    json: AsJson = False,
) -> None:
    """Link an Emby account by its password, which is asked for, used once and not kept."""
    _by_password("emby", username, server=server, person=person, json=json)


@app.command(name="list")
def list_linked(*, person: Person = None, limit: Limit = 50, offset: Offset = 0, json: AsJson = False) -> None:
    """List linked accounts, everybody's or a person's; dead ones must be linked again."""
    whose = {"all": "true"} if person is None else {"person": person}
    show(
        ask(lambda usher: usher.get(path("api", "integrations"), limit=limit, offset=offset, **whose)),
        COLUMNS,
        json=json,
    )


@app.command()
def remove(
    system: Annotated[str, typer.Argument(help="plex, jellyfin, emby or trakt.")],
    account: Annotated[str, typer.Argument(help="The account's id as `list` shows it.")],
    *,
    server: Server = None,
    json: AsJson = False,
) -> None:
    """Forget the credential of an account; whose account it is stays known."""
    target = path("api", "integrations", system, "connect")
    removed = ask(lambda usher: usher.delete(target, account=account, server=server))
    if not removed["items"]:
        raise AnswerError(f"no {plain(system)} account {plain(account)} is linked: `usher link list` shows them")
    if json:
        show_json(removed)
    else:
        print("Unlinked: " + ", ".join(plain(each["username"]) for each in removed["items"]))


def _by_password(system: str, username: str, *, server: str | None, person: str | None, json: bool) -> None:
    body = {"username": username, "password": typer.prompt("Password", hide_input=True, err=True)}
    body |= {"server": server, "person_id": person}
    show(ask(lambda usher: usher.post(path("api", "integrations", system, "connect"), **body)), COLUMNS, json=json)


def _sign_in(system: str, *, server: str | None, person: str | None, json: bool) -> None:
    try:
        standing = ask(lambda usher: _begin_and_wait(usher, system, server, person, show_json if json else _print_code))
    except KeyboardInterrupt:
        raise AnswerError("cancelled; nothing was linked") from None
    if json:
        show_json(standing)
    if standing["status"] != "authorized":
        raise AnswerError(standing["reason"] or f"the sign-in has ended: {plain(standing['status'])}")
    if not json:
        print(f"Linked: the {system} account {plain(standing['account']['username'])}.")


async def _begin_and_wait(
    usher: Usher, system: str, server: str | None, person: str | None, shown: Callable[[Any], None]
) -> Any:
    integration = path("api", "integrations", system)
    beginning = asyncio.ensure_future(usher.post(f"{integration}/auth/pin", server=server, person_id=person))
    try:
        pin = await asyncio.shield(beginning)
        shown(pin)
        with Console(stderr=True).status("Waiting for the sign-in (Ctrl-C calls it off)"):
            return await _wait_for_end(usher, f"{integration}/auth/check", pin)
    except asyncio.CancelledError:
        begun = await beginning  # Usher begins it all the same, and only its answer says which system it is
        await usher.delete(f"{integration}/auth/pin{path(begun['pin_id'])}")
        raise


async def _wait_for_end(usher: Usher, target: str, pin: Any) -> Any:
    """Return how the sign-in ended; if Usher is away, keep waiting until the sign-in would have expired."""
    until = datetime.fromisoformat(pin["expires_at"])
    while True:
        try:
            standing = await usher.post(target, pin_id=pin["pin_id"])
        except (AwayError, UnreadyError):
            if datetime.now(UTC) > until:
                raise
        else:
            if standing["status"] != "pending":
                return standing
        await asyncio.sleep(PAUSE_S)


def _print_code(pin: Any) -> None:
    print(f"Sign in here: {plain(pin['url'])}")
    if pin["short_code"]:
        print(f"Or type {plain(pin['short_code'])} at https://plex.tv/link")
    elif pin["code"] not in pin["url"]:
        print(f"The code is {plain(pin['code'])}")
