"""`usher import`: brings over what other tools know."""

import typer

from cli.import_bot import overseerr_bot

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Bring over what other tools know.")
app.callback()(lambda: None)
app.command(name="overseerr-bot")(overseerr_bot)
