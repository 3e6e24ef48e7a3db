"""What the gateway itself says in Discord, where no service is asked, or none answers: why something is not done."""

from typing import Final

from shared.discord.messages import Message
from shared.discord.responses import Response, shown


def _said(text: str) -> Response:
    return shown(Message(content=text), ephemeral=True)


UNKNOWN_COMMAND: Final = _said("Usher does not know this command, or no longer. `/help` shows what there is.")
UNKNOWN_ACTION: Final = _said("This button or form belongs to an older message and does nothing any more.")
UNKNOWN_KIND: Final = _said("Usher does not understand this yet.")
TRY_AGAIN: Final = _said("Usher is busy or just starting, and could not open the form. Try again in a moment.")
