"""The linker's messages in Discord. Pure functions, so that every text can be read in one place."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from services.linker.discord.domain import LinkedAccountState
from services.linker.signins.domain import SignIn
from shared.discord.components import Button, ButtonStyle, Row
from shared.discord.markdown import escaped
from shared.discord.messages import Message
from shared.discord.slash_commands import Declared
from shared.schemas.people import Identity, Person

PLEX_LINK: Final = "https://plex.tv/link"
UNKNOWN_PERSON: Final = Message(content="Usher does not know you yet. Link your Plex account with `/link`.")
CONTINUED_ELSEWHERE: Final = Message(
    content="Another message carries on with this sign-in, and will say when it is done."
)
_ANEW: Final = "To begin anew, call it off with `/unlink` first, which also unlinks what is linked."
_AT_SEERR: Final = (
    "Seerr was given its token and keeps it: to end that too, "
    "remove Usher from the authorized devices in Plex's settings."
)
_MOST_ACCOUNTS: Final = 15
_REASON: Final = 300
_OF_NO_INTEREST: Final = frozenset({"discord", "usher"})


def sign_in_offer(sign_in: SignIn) -> Message:
    """Return how to complete a sign-in that waits for the person."""
    until = f"<t:{int(sign_in.expires_at.timestamp())}:R>"
    by_hand = f" Or type **{sign_in.short_code}** at {PLEX_LINK}." if sign_in.short_code else ""
    anew = f" {_ANEW}" if sign_in.was_open else ""
    text = (
        f"Sign in to Plex with the button, and this message will say when it is done.{by_hand} "
        f"The offer ends {until}.{anew}"
    )
    button = Button(style=ButtonStyle.LINK, label="Sign in to Plex", url=sign_in.url)
    return Message(content=text, components=(Row((button,)),))


def unlink_outcome(usernames: Sequence[str], *, is_at_seerr: bool = False) -> Message:
    """Return what was removed, and where a token remains."""
    if not usernames:
        called_off = "A sign-in that was open is called off: `/link` begins another."
        return Message(content=f"No Plex account is linked, so there was nothing to remove. {called_off}")
    names = ", ".join(f"**{escaped(username)}**" for username in usernames[:_MOST_ACCOUNTS])
    removed = f"Removed: Usher has no access to the Plex account {names} any more. It stays known as yours."
    return Message(content=f"{removed} {_AT_SEERR}" if is_at_seerr else removed)


def person_summary(person: Person, states: Iterable[LinkedAccountState], *, servers: Mapping[str, str]) -> Message:
    """Return who somebody is to Usher, and the state of their accounts; `servers` are names by machine id."""
    known = {(state.provider, state.server, state.account_id): state for state in states}
    shown = [identity for identity in person.identities if identity.provider not in _OF_NO_INTEREST]
    lines = [
        _account_line(identity, known.get((identity.provider, identity.server or "", identity.id)), servers)
        for identity in shown[:_MOST_ACCOUNTS]
    ]
    if person.seerr_user_id is not None and not any(identity.provider == "seerr" for identity in shown):
        lines.append(f"- Seerr: user {person.seerr_user_id}")
    if person.seerr_reason is not None:
        lines.append(f"- Seerr: {escaped(person.seerr_reason, limit=_REASON)}")
    accounts = "\n".join(lines) or "None of your accounts is known yet: `/link` links Plex."
    return Message(content=f"You are **{escaped(person.name)}**.\n{accounts}")


def _account_line(identity: Identity, state: LinkedAccountState | None, servers: Mapping[str, str]) -> str:
    server = servers.get(identity.server or "")
    place = f" on {escaped(server)}" if server else ""
    name = f"- {identity.provider.capitalize()}{place}: **{escaped(identity.username)}**"
    if state is None:
        return name
    return f"{name}, no longer open to Usher: link it again" if state.is_dead else f"{name}, linked"


def help_for(commands: Iterable[Declared], *, locale: str, is_admin: bool) -> Message:
    """Return the commands, in the reader's language where there is a translation."""
    mine = [declared.command for declared in commands if is_admin or not declared.is_for_admins]
    lines = [
        f"`/{(command.name_localizations or {}).get(locale, command.name)}`: "
        f"{(command.description_localizations or {}).get(locale, command.description)}"
        for command in mine
    ]
    return Message(content="\n".join(lines))


def sign_in_outcome(sign_in: SignIn) -> Message:
    """Return how a sign-in ended."""
    match sign_in.state:
        case "authorized":
            return Message(content=f"Done: the Plex account **{escaped(sign_in.username)}** is yours.")
        case "refused":
            return Message(content=escaped(sign_in.reason, limit=_REASON) or "This account cannot be linked.")
        case "expired":
            return Message(content="The PIN has expired. Ask for a new one with `/link`.")
        case _:
            return Message(content="The sign-in was called off. Begin again with `/link`.")


def relink_request(provider: str, username: str) -> Message:
    """Return the request to link an account again."""
    system = provider.capitalize()
    again = "Link it again with `/link`." if provider == "plex" else "Ask Usher's admin to link it again with you."
    return Message(content=f"{system} no longer lets me into your account **{escaped(username)}**. {again}")
