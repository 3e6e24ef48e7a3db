"""For whom a caller acts: as the person their credential belongs to, or with `admin` for anybody.

Accounts that a person linked are theirs: others need `admin` to see, use, add or remove them. People and plays are not
private in this way: everybody with `read` sees them, and `person` is a filter there.
"""

from typing import Annotated, Final

import msgspec
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from services.gateway.access.caller import Caller
from shared.errors import Fault, InvalidError
from shared.schemas.signins import AccountHolder

ID: Final = r"^[A-Za-z0-9_.:-]+$"
As = Annotated[
    str | None,
    QueryParameter(
        name="person",
        min_length=1,
        max_length=100,
        pattern=ID,
        description="with the Plex account that this person linked; another's needs admin",
    ),
]


def account_of(caller: NamedDependency[Caller], asked: As = None) -> str | None:
    """Return whose account is used; None for none."""
    return caller.act_for(asked)


def who(caller: Caller, person_id: str | None) -> AccountHolder:
    """Return who asks, and for which person."""
    whom = caller.act_for(person_id)
    return (
        AccountHolder(key=caller.key_id, person_id=whom)
        if caller.kind == "key"
        else AccountHolder(user=caller.name, person_id=whom)
    )


def applicant(caller: Caller, *, person_id: str | None, discord_id: str | None) -> AccountHolder:
    """Return who is to have an account: the caller, a person, or a user of Discord."""
    asking = who(caller, person_id)
    if discord_id is None:
        return asking
    caller.require_admin("to say which Discord user this is")
    if person_id is not None:
        raise InvalidError("this names two", faults=(Fault("discord_id", "goes without person_id"),))
    return msgspec.structs.replace(asking, person_id=None, discord_id=discord_id)


def owner(caller: Caller, person_id: str | None) -> AccountHolder:
    """Return whose accounts are meant; a key that is nobody's has none of its own."""
    if _is_nobodys(caller) and person_id is None:
        raise InvalidError("a key has no accounts of its own", faults=(Fault("person", "say whose, by a person's id"),))
    return who(caller, person_id)


def holder(caller: Caller, person_id: str | None, account: str | None) -> AccountHolder:
    """Return whose accounts are to be unlinked; one that a key names by its id alone is whosever it is."""
    if account is None:
        return owner(caller, person_id)
    if _is_nobodys(caller) and person_id is None:
        caller.require_admin("to unlink an account that is somebody's")
    return who(caller, person_id)


def sign_in_of(caller: Caller) -> str | None:
    """Return whose sign-ins the caller may see, by a sign-in's id; None for anybody's."""
    return None if caller.may("admin") else caller.person_id


def is_everybody(caller: Caller, wanted: str) -> bool:
    """Say whether everybody's accounts are asked for."""
    if wanted == "true":
        caller.require_admin("to see everybody's accounts")
    return wanted == "true"


def _is_nobodys(caller: Caller) -> bool:
    return caller.kind == "key" and caller.person_id is None
