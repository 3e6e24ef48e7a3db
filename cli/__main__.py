"""The command `usher`: imports the module of the requested command, and prints failures in one line.

Only that module is imported, so `usher --help` is quick and `usher run` needs little memory.
"""

import sys
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from cli.errors import BadUsageError, print_error, wants_json
from shared.errors import UsherError
from shared.settings import SettingsError
from shared.version import product_version

UsageError: Final[type[typer.BadParameter]] = typer.BadParameter.__mro__[1]
"""What typer raises for wrong use; it is not public there."""
FAILED: Final = 1
BAD_USAGE: Final = 2

COMMANDS: Final = {
    "run": "Run Usher: gateway, linker, syncer and requester, with an embedded PostgreSQL and NATS.",
    "doctor": "Test settings, folders, servers and addresses, and say how to fix what is wrong.",
    "history": "Show what was watched.",
    "people": "Show people, and assign accounts to them.",
    "link": "Link accounts, show and remove them.",
    "plex": "Show what a Plex server has: libraries, titles, what is new and what is watched.",
    "users": "Show and change what is set for single users: blocked, immune, limit, password.",
    "servers": "Show, add, remove and test Plex, Jellyfin, Emby and Seerr.",
    "import": "Take over what other tools have stored.",
    "events": "Show what came in and what became of it.",
    "runs": "Show, follow and cancel long work: syncs and looks at everything.",
    "dead": "Show, replay or drop messages that could not be handled.",
    "webhooks": "Show, add and remove webhook addresses.",
    "discord": "Register commands at Discord.",
    "admin": "Let users who lost their password log in again.",
    "keys": "Make and change the keys that credentials are encrypted with.",
}
MODULES: Final = {"import": "importing"}
"""Of commands whose name cannot be a module's."""


class Commands(TyperGroup):
    """The commands, each imported when it is run."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 (typer's interface)
        """Return the commands' names."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | None:  # noqa: ARG002 (typer's interface)
        """Return as much of a command as the list of commands needs."""
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name]) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command itself."""
        name, known, rest = super().resolve_command(ctx, args)
        return name, get_command(import_module(f"cli.{_module(name)}").app) if known else known, rest


def _module(command: str | None) -> str:
    return MODULES.get(command or "", command or "")


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _show_version(*, is_wanted: bool) -> None:
    if is_wanted:
        print(f"usher {product_version()}")
        raise typer.Exit


@app.callback()
def usher(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Run a hub for the people who watch your media servers."""


def main() -> None:
    """Run the command of the command line."""
    try:
        sys.exit(app(prog_name="usher", standalone_mode=not wants_json()))
    except UsherError as exc:
        print_error(exc.detail)
        sys.exit(BAD_USAGE if isinstance(exc, SettingsError | BadUsageError) else FAILED)
    except UsageError as exc:  # which typer prints itself, in a box, if it can
        print_error(exc.format_message())
        sys.exit(BAD_USAGE)


if __name__ == "__main__":
    main()
