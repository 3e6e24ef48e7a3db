"""Is Seerr's user of this number still the one that the person was matched with? Pure decisions, failing closed.

Seerr gives a number again in a new or restored database, and keeps it wherever it moves to. So neither the number nor
the address proves anything: when the user was made does, with what it is called; and so does a Discord id that Usher
itself wrote there.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from services.linker.seerr.domain import Account, MatchContext, bare, has_rights, is_contradicted, plain, shown
from shared.clients.seerr.users import SeerrUser

CLOCKS_DIFFER_BY: Final = timedelta(minutes=5)


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What a user was known by when it was last seen to be the person's; empty is not known.

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
    """Where it is not known when the user was made: they were there at this moment."""


def proof_of(user: SeerrUser, *, written: Collection[str] = ()) -> Proof:
    """Return what a user is known by from now on."""
    return Proof(
        number=user.id,
        created_at=user.created_at or "",
        plex_id=user.plex_id,
        jellyfin_user_id=user.jellyfin_user_id,
        email=user.email,
        name=shown(user),
        written=tuple(sorted(written)),
    )


def is_same_row(user: SeerrUser | None, proof: Proof) -> bool:
    """Return whether a user may be the row of then at all: of its number, and made when it was made."""
    if user is None or user.id != proof.number:
        return False
    now, then = _moment(user.created_at), _moment(proof.created_at)
    if now is not None and proof.matched_at is not None:
        return now <= proof.matched_at + CLOCKS_DIFFER_BY
    return now == then or None in {now, then}


def is_same(user: SeerrUser | None, proof: Proof) -> bool:
    """Return whether this is the user of then, by what Seerr's list shows.

    Who has rights over others must have the account of then, or all that it was called.
    """
    if user is None or not is_same_row(user, proof) or _has_another_account(user, proof):
        return False
    has_account = _has_account(user, proof)
    has_email, has_name = _alike(user.email, proof.email), _alike(shown(user), proof.name)
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
    """Return whether a user who was found once is still the person's.

    `discord_ids` are those that the user has in Seerr now. One that Usher wrote there decides, whatever else has
    changed, but not for who has rights over others.
    """
    if user is None or user.id != proof.number or is_contradicted(user, accounts, context):
        return False
    return is_same(user, proof) or (not has_rights(user) and not {*proof.written}.isdisjoint(discord_ids))


def _moment(written: str | None) -> datetime | None:
    """Return a moment as Seerr writes it; a database that keeps fractions of a second may move to one that does not."""
    try:
        moment = msgspec.convert(written, datetime).replace(microsecond=0)
    except msgspec.ValidationError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _has_account(user: SeerrUser, proof: Proof) -> bool:
    is_plex = user.plex_id is not None and user.plex_id == proof.plex_id
    return is_plex or (bool(user.jellyfin_user_id) and bare(user.jellyfin_user_id) == bare(proof.jellyfin_user_id))


def _has_another_account(user: SeerrUser, proof: Proof) -> bool:
    is_plex = None not in {user.plex_id, proof.plex_id} and user.plex_id != proof.plex_id
    known = (bare(user.jellyfin_user_id), bare(proof.jellyfin_user_id))
    return is_plex or (all(known) and known[0] != known[1])


def _alike(now: str | None, then: str | None) -> bool:
    return plain(now) == plain(then)
