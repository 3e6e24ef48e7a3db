"""What the linker says in Discord, as messages: pure, so that every text can be read in one place."""

from typing import Final

from services.linker.signins.domain import SignIn
from shared.clients.discord.messages import Button, ButtonStyle, Message, Row

PLEX_LINK: Final = "https://plex.tv/link"


def waiting(sign_in: SignIn) -> Message:
    """Return how to go on with a sign-in that waits for the person."""
    until = f"<t:{int(sign_in.expires_at.timestamp())}:R>"
    by_hand = f" Or type **{sign_in.short_code}** at {PLEX_LINK}." if sign_in.short_code else ""
    text = (
        f"Sign in to Plex with the button, and this message will say when it is done.{by_hand} The offer ends {until}."
    )
    button = Button(style=ButtonStyle.LINK, label="Sign in to Plex", url=sign_in.url)
    return Message(content=text, components=(Row((button,)),))


def ended(sign_in: SignIn) -> Message:
    """Return how a sign-in ended."""
    match sign_in.state:
        case "authorized":
            return Message(content=f"Done: the Plex account **{sign_in.username}** is yours.")
        case "refused":
            return Message(content=sign_in.reason or "This account cannot be linked.")
        case "expired":
            return Message(content="The PIN has expired. Ask for a new one with `/link`.")
        case _:
            return Message(content="The sign-in was called off. Begin again with `/link`.")


def died(provider: str, username: str) -> Message:
    """Return that an account must be linked again."""
    system = provider.capitalize()
    return Message(content=f"{system} no longer lets me into your account **{username}**. Link it again with `/link`.")
