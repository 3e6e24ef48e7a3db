"""What the gateway itself says in Discord, where no service is to be asked: why something is not done."""

from typing import Final

from shared.discord.messages import Message
from shared.discord.responses import Reply, shown


def _said(text: str) -> Reply:
    return shown(Message(content=text), ephemeral=True)


UNKNOWN_COMMAND: Final = _said("Usher does not know this command, or no longer. `/help` shows what there is.")
UNKNOWN_ACTION: Final = _said("This button or form belongs to an older message and does nothing any more.")
UNKNOWN_KIND: Final = _said("Usher does not understand this yet.")
ADMINS_ONLY: Final = _said("Only Usher's admins may do this.")
