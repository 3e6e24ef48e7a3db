"""`usher import`: imports from other tools, with one command for each."""

import typer

from cli.import_bot import overseerr_bot
from cli.import_seerrsync import seerrsync

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Take over what other tools have stored.")
app.command(name="overseerr-bot")(overseerr_bot)
app.command(name="seerrsync")(seerrsync)


@app.callback()
def importing() -> None:
    """Take over what other tools have stored."""
