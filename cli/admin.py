"""`usher admin`: what needs no credential but access to the host's data."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from cli import secrets
from cli.database import borrow_database
from cli.errors import at_most_one
from cli.output import AsJson, plain, show_json
from cli.settings import RunSettings
from shared import settings
from shared.errors import PermanentError
from shared.schemas.secret import Secret

_PROGRAM: Final = "services.gateway.reset_password"
_RUNS_IN: Final = Path(__file__).parents[1]
"""The folder that holds our packages: Python looks for modules in its working folder first."""

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Let users who lost their password log in again.")


class ResetError(PermanentError):
    """The password could not be set."""


@app.callback()
def admin() -> None:
    """Let users who lost their password log in again."""


@app.command(name="reset-password")
def reset_password(
    *,
    username: Annotated[str | None, typer.Option(help="The user; only needed if there are several.")] = None,
    ask_password: Annotated[bool, typer.Option("--ask-password", help="Ask for the new password.")] = False,
    password_file: Annotated[
        str | None, typer.Option(help="A file with the new password, - for standard input.", metavar="FILE")
    ] = None,
    json: AsJson = False,
) -> None:
    """Set a new password and end all sessions of a user. It is made up and shown once, unless you choose it.

    Works on this host's database, whether or not Usher runs.
    """
    at_most_one(ask_password=ask_password, password_file=password_file is not None)
    chosen = None
    if ask_password or password_file is not None:
        chosen = secrets.read_secret("New password", file=password_file, twice=True)
    with borrow_database(settings.load(RunSettings)) as url:
        done = _reset(url, username, chosen)
    if json:
        show_json(done)
        return
    print(f"User      {plain(done['username'])}")
    if done["password"] is not None:
        print(f"Password  {done['password']}  (shown this once: keep it)")
    print(f"Sessions that ended: {done['sessions_ended']}")


def _reset(url: Secret, username: str | None, password: Secret | None) -> Any:
    """Run the gateway's own program; the request goes through a pipe, so that no list of processes shows it."""
    request = {
        "database_url": url.reveal(),
        "username": username,
        "password": None if password is None else password.reveal(),
    }
    ended = subprocess.run(  # noqa: S603 (our own)
        [sys.executable, "-m", _PROGRAM],
        input=msgspec.json.encode(request),
        capture_output=True,
        check=False,
        cwd=_RUNS_IN,
    )
    if ended.returncode:
        raise ResetError(ended.stderr.decode(errors="replace").strip() or "the password could not be set")
    return msgspec.json.decode(ended.stdout)
