"""Whose an account of nobody may be, and why: somebody has its name. A suggestion decides nothing."""

from collections.abc import Iterable, Iterator
from typing import Final, Literal, get_args

import msgspec

from shared.schemas.people import Person, UnclaimedAccount
from shared.schemas.users import name_key

Reason = Literal["username", "name", "email"]
"""The text `unclaimed.because_REASON`, the most telling first."""
_IGNORED: Final = dict.fromkeys(map(ord, " ._-"))
MOST: Final = 3


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A person who may own an account: `detail` is what of theirs is the same, `provider` the system it is known on."""

    person: Person
    reason: Reason
    detail: str
    provider: str = ""


def suggestions_of(account: UnclaimedAccount, people: Iterable[Person]) -> list[Suggestion]:
    """Return the people whose an account may be, the likeliest first: one reason each, three people at most."""
    wanted = _folded(account.account_name)
    if not wanted:
        return []
    found = [best for person in people if (best := min(_reasons(person, wanted), key=_rank, default=None))]
    return sorted(found, key=lambda each: (_rank(each), name_key(each.person.name), each.person.id))[:MOST]


def _reasons(person: Person, wanted: str) -> Iterator[Suggestion]:
    for identity in person.identities:
        if _folded(identity.username) == wanted:
            yield Suggestion(person=person, reason="username", detail=identity.username, provider=identity.provider)
        if _folded(identity.email or "") == wanted:
            yield Suggestion(person=person, reason="email", detail=identity.email or "", provider=identity.provider)
    if _folded(person.name) == wanted:
        yield Suggestion(person=person, reason="name", detail=person.name)


def _rank(suggestion: Suggestion) -> int:
    return get_args(Reason).index(suggestion.reason)


def _folded(name: str) -> str:
    """Return one key for the spellings of a name that people mix up: `Ada Lovelace`, `ada.lovelace`."""
    return name_key(name).translate(_IGNORED)
