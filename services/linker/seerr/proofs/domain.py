"""Is Seerr's user of this number still the one that the person was matched with? Pure decisions that fail closed.

Seerr reuses a number in a new or restored database, and keeps it wherever it moves. So neither the number nor Seerr's
address proves anything. The moment of the user's creation does, together with its name, and so does a Discord id that
Usher itself wrote there.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from services.linker.seerr.domain import (
    Account,
    MatchContext,
    display_name,
    fold_id,
    fold_name,
    has_rights,
    is_contradicted,
)
from shared.clients.seerr.users import SeerrUser

CLOCKS_DIFFER_BY: Final = timedelta(minutes=5)


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What identified a user when it was last seen to be the person's; an empty field is not known.

    `written` are the Discord ids that Usher wrote into this user's settings.
    """

    number: int
    created_at: str = ""
    plex_id: int | None = None
    jellyfin_user_id: str | None = None
    email: str | None = None
    name: str | None = None
    written: tuple[str, ...] = ()
    matched_at: datetime | None = None
    """If `created_at` is not known: a moment at which the user existed."""


def proof_of(user: SeerrUser, *, written: Collection[str] = ()) -> Proof:
    """Return what identifies a user from now on."""
    return Proof(
        number=user.id,
        created_at=user.created_at or "",
        plex_id=user.plex_id,
        jellyfin_user_id=user.jellyfin_user_id,
        email=user.email,
        name=display_name(user),
        written=tuple(sorted(written)),
    )


def is_same_row(user: SeerrUser | None, proof: Proof) -> bool:
    """Return whether a user may be the same row of Seerr's database: its number, created at the same moment."""
    if user is None or user.id != proof.number:
        return False
    now, then = _moment(user.created_at), _moment(proof.created_at)
    if now is not None and proof.matched_at is not None:
        return now <= proof.matched_at + CLOCKS_DIFFER_BY
    return now == then or None in {now, then}


def is_same(user: SeerrUser | None, proof: Proof) -> bool:
    """Return whether this is the same user, by what Seerr's list shows.

    A user with rights over others must have the same account, or the same name and e-mail address.
    """
    if user is None or not is_same_row(user, proof) or _has_another_account(user, proof):
        return False
    has_account = _has_account(user, proof)
    has_email, has_name = _is_alike(user.email, proof.email), _is_alike(display_name(user), proof.name)
    if has_rights(user):
        return has_account or (has_email and has_name)
    if None not in {_moment(user.created_at), _moment(proof.created_at)}:
        return has_account or has_email or has_name
    return has_account or (has_name and (has_email or not proof.email))


def may_keep(
    user: SeerrUser | None,
    proof: Proof,
    accounts: Sequence[Account],
    context: MatchContext,
    *,
    discord_ids: Collection[str] = (),
) -> bool:
    """Return whether a user that was matched once is still the person's.

    `discord_ids` are those that the user has in Seerr now. One that Usher wrote there decides, whatever else has
    changed, but not for a user with rights over others.
    """
    if user is None or user.id != proof.number or is_contradicted(user, accounts, context):
        return False
    return is_same(user, proof) or (not has_rights(user) and not {*proof.written}.isdisjoint(discord_ids))


def _moment(written: str | None) -> datetime | None:
    """Return a moment without fractions of a second: Seerr may move to a database that does not keep them."""
    try:
        moment = msgspec.convert(written, datetime).replace(microsecond=0)
    except msgspec.ValidationError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _has_account(user: SeerrUser, proof: Proof) -> bool:
    is_plex = user.plex_id is not None and user.plex_id == proof.plex_id
    return is_plex or (
        bool(user.jellyfin_user_id) and fold_id(user.jellyfin_user_id) == fold_id(proof.jellyfin_user_id)
    )


def _has_another_account(user: SeerrUser, proof: Proof) -> bool:
    is_plex = None not in {user.plex_id, proof.plex_id} and user.plex_id != proof.plex_id
    known = (fold_id(user.jellyfin_user_id), fold_id(proof.jellyfin_user_id))
    return is_plex or (all(known) and known[0] != known[1])


def _is_alike(now: str | None, then: str | None) -> bool:
    return fold_name(now) == fold_name(then)
