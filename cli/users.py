"""`usher users settings`: settings of single users. A password is asked for, never given as an argument."""

from typing import Annotated, Any, Final

import typer

from cli import secrets
from cli.client import Usher, ask, path
from cli.errors import BadUsageError, at_most_one
from cli.output import AsJson, Limit, Offset, plain, show, show_json

COLUMNS: Final = {
    "User": "username",
    "Blocked": "blocked",
    "Immune": "immune",
    "Requests": "request_limit",
    "Password": "has_password",
    "Changed": "changed_at",
}

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Show and change the settings of single users.")
settings = typer.Typer(no_args_is_help=True, help="Show and change the settings of single users.")
app.add_typer(settings, name="settings")

Name = Annotated[str, typer.Argument(help="The user's name; case does not matter.", metavar="NAME")]


@settings.command(name="list")
def list_settings(
    *,
    search: Annotated[str | None, typer.Option(help="Only names with this text.")] = None,
    limit: Limit = 50,
    offset: Offset = 0,
    json: AsJson = False,
) -> None:
    """List the users with settings, by name."""
    show(
        ask(lambda usher: usher.get(path("api", "users", "settings"), search=search, limit=limit, offset=offset)),
        COLUMNS,
        json=json,
    )


@settings.command(name="show")
def show_settings(name: Name, *, json: AsJson = False) -> None:
    """Show a user's settings."""
    show(ask(lambda usher: usher.get(path_of(name))), COLUMNS, json=json)


@settings.command(name="set")
def set_settings(
    name: Name,
    *,
    blocked: Annotated[
        bool | None, typer.Option("--blocked/--not-blocked", help="Whether they get no user in Seerr and no requests.")
    ] = None,
    immune: Annotated[
        bool | None, typer.Option("--immune/--not-immune", help="Whether the sync of users leaves them alone.")
    ] = None,
    request_limit: Annotated[int | None, typer.Option(min=0, max=10_000, help="Requests that they may make.")] = None,
    no_request_limit: Annotated[
        bool, typer.Option("--no-request-limit", help="Use the limit of their servers.")
    ] = False,
    ask_password: Annotated[bool, typer.Option("--ask-password", help="Ask for their password in Seerr.")] = False,
    password_file: Annotated[
        str | None, typer.Option(help="A file with their password, - for standard input.", metavar="FILE")
    ] = None,
    no_password: Annotated[bool, typer.Option("--no-password", help="Forget their password.")] = False,
    json: AsJson = False,
) -> None:
    """Set what is given and leave the rest unchanged."""
    at_most_one(request_limit=request_limit is not None, no_request_limit=no_request_limit)
    at_most_one(ask_password=ask_password, password_file=password_file is not None, no_password=no_password)
    given = {"blocked": blocked, "immune": immune, "request_limit": request_limit}
    cleared = {"request_limit": no_request_limit, "password": no_password}
    changes: dict[str, Any] = {option: value for option, value in given.items() if value is not None}
    changes |= {option: None for option, is_cleared in cleared.items() if is_cleared}
    if ask_password or password_file is not None:
        changes["password"] = secrets.read_secret("Password", file=password_file).reveal()
    if not changes:
        raise BadUsageError("nothing to set: see `usher users settings set --help`")
    show(ask(lambda usher: put_settings(usher, name, changes)), COLUMNS, json=json)


@settings.command(name="clear")
def clear_settings(name: Name, *, json: AsJson = False) -> None:
    """Remove a user's settings, including the password."""
    cleared = ask(lambda usher: usher.delete(path_of(name)))
    if json:
        show_json(cleared)
    else:
        print(f"Nothing is set for {plain(cleared['username'])} any more.")


def path_of(name: str) -> str:
    """Return the path of a user's settings; raise `BadUsageError` for a name that cannot be part of an address."""
    if "/" in name or name.strip() in {"", ".", ".."}:
        raise BadUsageError(f"{name[:80]!r} cannot be a user's name here: it contains a slash")
    return path("api", "users", name, "settings")


async def put_settings(usher: Usher, name: str, changes: dict[str, Any], *, dry_run: bool = False) -> Any:
    """Change a user's settings, or only try; return them as they are, or would be."""
    return await usher.put(f"{path_of(name)}{'?dry_run=true' if dry_run else ''}", **changes)
