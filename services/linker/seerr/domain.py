"""Which user of Seerr is this person? Pure decisions that fail closed: an uncertain user is nobody's.

An id proves it, and so does an e-mail address that Plex vouches for; a name only suggests it. So only an id finds a
user with rights over others, such as Seerr's owner. Nobody gets a user whose ids contradict their own, or, by name, one
with an e-mail address that is not theirs.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from shared.clients.seerr.users import MediaServer, SeerrUser
from shared.leniency import text
from shared.schemas.media import Provider

OWNER_ID: Final = 1
RIGHTS_OVER_OTHERS: Final = 2 | 4 | 8 | 16
"""Permissions to administrate, and to manage settings, users and requests."""

_LONGEST_NAME: Final = 100
_KINDS: Final[tuple[Provider, ...]] = ("plex", "jellyfin", "emby")
_JSON_WEB_TOKEN: Final = re.compile(r"[^.]+\.[^.]+\.[^.]*")

Evidence = Literal["id", "email", "name", "unique_name", "proof"]
"""`proof`: it is the user that the person had before, see the folder `proofs`."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account that the person proved to be theirs; `server` is a machine id, empty for Plex."""

    provider: Provider
    id: str
    username: str
    server: str = ""
    email: str | None = None


class SeerrMediaServer(msgspec.Struct, frozen=True):
    """The media server that Seerr is set up with and can import users from."""

    kind: MediaServer
    machine_id: str | None


class MatchContext(msgspec.Struct, frozen=True, kw_only=True):
    """What else a decision depends on."""

    holders: Mapping[int, str] = {}
    """The persons who have users of Seerr, but for the person in question; by the user's number."""
    contested_names: frozenset[str] = frozenset()
    """The names of other persons' accounts, as `fold_name` returns them."""
    media_server: SeerrMediaServer = SeerrMediaServer("unknown", None)


class Match(msgspec.Struct, frozen=True):
    """The person's user, and the evidence."""

    user: SeerrUser
    by: Evidence


class NoMatch(msgspec.Struct, frozen=True):
    """Seerr has no user of this person, so one may be created."""


class Uncertain(msgspec.Struct, frozen=True):
    """Nothing is done. The reason is for people; `among` are the users that it might be."""

    reason: str
    among: tuple[int, ...] = ()


Verdict = Match | NoMatch | Uncertain


def match(users: Sequence[SeerrUser], accounts: Sequence[Account], context: MatchContext) -> Verdict:
    """Return which of Seerr's users has these accounts, whatever the order of users."""
    for stage in (_by_id, _by_email, _by_unique_name, _by_name):
        verdict = stage(users, accounts, context)
        if not isinstance(verdict, NoMatch):
            return verdict
    return NoMatch()


def new_name(users: Sequence[SeerrUser], accounts: Sequence[Account], context: MatchContext) -> str:
    """Return the name of a new user: the account's, or if that is taken, one that nobody else can have."""
    account = main_account(accounts)
    name = text(account.username, limit=_LONGEST_NAME) or ""
    taken = {one for user in users for one in (*_names(user), fold_name(user.email))} | context.contested_names | {""}
    is_mistakable = _is_address(name) and address_of(accounts) is None  # Seerr would take it for an e-mail address
    is_as_it_was = fold_name(name) == fold_name(account.username)
    return name if is_as_it_was and not is_mistakable and fold_name(name) not in taken else _unique_name(account)


def display_name(user: SeerrUser) -> str:
    """Return the name that Seerr shows for a user."""
    names = (user.display_name, user.username, user.plex_username, user.jellyfin_username, user.email)
    return next((name for name in names if name), str(user.id))


def main_account(accounts: Sequence[Account]) -> Account:
    """Return the account that a new user is created for: the one of Plex if there is one."""
    return min(accounts, key=_rank)


def address_of(accounts: Sequence[Account]) -> str | None:
    """Return the e-mail address that a new user gets."""
    own = main_account(accounts).email
    return own if _is_address(own) else next((one.email for one in accounts if _is_address(one.email)), None)


def importable_account(accounts: Sequence[Account], media_server: SeerrMediaServer) -> Account | None:
    """Return the account that may be on Seerr's media server. Plex's import skips users without an e-mail address."""
    if not media_server.machine_id:
        return None
    for account in sorted(accounts, key=_rank):
        is_here = (
            _is_address(account.email) if account.provider == "plex" else account.server == media_server.machine_id
        )
        if account.provider == media_server.kind and is_here:
            return account
    return None


def plex_account_of(user: SeerrUser, accounts: Sequence[Account]) -> Account | None:
    """Return the Plex account whose token Seerr would store with this user and no other.

    Seerr takes the first user with the account's id or e-mail address, and creates one if there is none.
    """
    plex = [account for account in accounts if account.provider == "plex"]
    fit = [account for account in plex if user.plex_id is None or str(user.plex_id) == account.id]
    return next((one for one in fit if _is_address(one.email) and fold_name(one.email) == fold_name(user.email)), None)


def is_sign_in_of(user: SeerrUser, account: Account) -> bool:
    """Return whether Seerr takes a sign-in with this Plex account for this user."""
    has_address = _is_address(account.email) and fold_name(account.email) == fold_name(user.email)
    return has_address or (user.plex_id is not None and str(user.plex_id) == account.id)


def is_lasting(token: str) -> bool:
    """Return whether a Plex token lasts; the new kind, three parts with dots between, expires after a week."""
    return _JSON_WEB_TOKEN.fullmatch(token) is None


def fold_name(name: str | None) -> str:
    """Return a name or an address for comparison, without case and differences in how accents are written."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", (name or "").strip()).casefold())


def has_rights(user: SeerrUser) -> bool:
    """Return whether a user is Seerr's owner, or may administrate or manage others there."""
    return user.id == OWNER_ID or bool(user.permissions & RIGHTS_OVER_OTHERS)


def is_contradicted(user: SeerrUser, accounts: Sequence[Account], context: MatchContext) -> bool:
    """Return whether the user has an account of a kind of which the person has proven only others."""
    plex = [one for one in accounts if one.provider == "plex" and user.plex_id is not None]
    here = [one for one in accounts if one.provider != "plex" and _is_here(user, one, context)]
    return any(side and not any(_is_of(user, one, context) for one in side) for side in (plex, here))


def fold_id(jellyfin_id: str | None) -> str:
    """Return a Jellyfin or Emby id for comparison, without dashes."""
    return (jellyfin_id or "").replace("-", "").lower()


def _rank(account: Account) -> tuple[int, str, str]:
    return (_KINDS.index(account.provider), account.server, account.id)


def _by_id(users: Sequence[SeerrUser], accounts: Sequence[Account], context: MatchContext) -> Verdict:
    found = [user for user in users if any(_is_of(user, account, context) for account in accounts)]
    if len(found) > 1:
        return _several_users(f"with this person's accounts: {_list_of(found)}. Keep one of them", found)
    return _verdict_on(found[0], accounts, context, by="id") if found else NoMatch()


def _by_email(users: Sequence[SeerrUser], accounts: Sequence[Account], context: MatchContext) -> Verdict:
    addresses = {fold_name(account.email) for account in accounts if _is_address(account.email)}
    found = [user for user in users if fold_name(user.email) in addresses]
    if len(found) > 1:
        return _several_users(f"with this person's e-mail addresses: {_list_of(found)}. Keep one", found)
    if not found:
        return NoMatch()
    [user] = found
    return _doubt_of_rights(user, "e-mail address") or _verdict_on(user, accounts, context, by="email")


def _by_unique_name(users: Sequence[SeerrUser], accounts: Sequence[Account], context: MatchContext) -> Verdict:
    """Find the user that was created for one of these accounts, by the name that only this account gets."""
    names = {fold_name(_unique_name(account)) for account in accounts}
    found = [user for user in users if fold_name(user.username) in names and not has_rights(user)]
    if len(found) > 1:
        return _several_users(f"that were made for this person: {_list_of(found)}. Keep one of them", found)
    return _verdict_on(found[0], accounts, context, by="unique_name") if found else NoMatch()


def _by_name(users: Sequence[SeerrUser], accounts: Sequence[Account], context: MatchContext) -> Verdict:
    names = {fold_name(account.username) for account in accounts} - {""}
    alike = [user for user in users if names & _names(user) and not _has_another_address(user, accounts)]
    found = [user for user in alike if user.id not in context.holders and not is_contradicted(user, accounts, context)]
    if not found:
        return NoMatch()
    if len(found) > 1:
        return _several_users(f"of this person's name: {_list_of(found)}. {_REMEDY}", found)
    [user] = found
    if names & _names(user) & context.contested_names:
        reason = f"Seerr's user {user.id} has this person's name, but so has another person here. {_REMEDY}"
        return Uncertain(reason, (user.id,))
    return _doubt_of_rights(user, "name") or Match(user, "name")


def _several_users(which: str, found: Sequence[SeerrUser]) -> Uncertain:
    return Uncertain(f"Seerr has several users {which}", tuple(sorted(user.id for user in found)))


_REMEDY: Final = "Give the right one the person's e-mail address or account in Seerr, or merge persons who are one"


def _verdict_on(user: SeerrUser, accounts: Sequence[Account], context: MatchContext, *, by: Evidence) -> Verdict:
    if is_contradicted(user, accounts, context):
        return Uncertain(
            f"Seerr's user {user.id} fits this person, but has another's account beside: change it in Seerr"
        )
    if user.id in context.holders:
        return Uncertain(f"Seerr's user {user.id} is another person's already: merge the two if they are one")
    return Match(user, by)


def _doubt_of_rights(user: SeerrUser, what: str) -> Uncertain | None:
    if not has_rights(user):
        return None
    return Uncertain(
        f"Seerr's user {user.id} has this person's {what} and rights over others, so only an account proves who it is: "
        "link Plex or Jellyfin with this user in Seerr"
    )


def _is_of(user: SeerrUser, account: Account, context: MatchContext) -> bool:
    if account.provider == "plex":
        return user.plex_id is not None and str(user.plex_id) == account.id
    return _is_here(user, account, context) and fold_id(user.jellyfin_user_id) == fold_id(account.id)


def _is_here(user: SeerrUser, account: Account, context: MatchContext) -> bool:
    """Return whether the user's account and this one are on the same Jellyfin or Emby."""
    is_same_server = context.media_server.machine_id in {None, account.server}
    return bool(user.jellyfin_user_id) and user.kind == account.provider and is_same_server


def _has_another_address(user: SeerrUser, accounts: Sequence[Account]) -> bool:
    """Return whether the user's e-mail address is none of the person's, where both have one."""
    own = {fold_name(account.email) for account in accounts if _is_address(account.email)}
    return bool(own) and _is_address(user.email) and fold_name(user.email) not in own


def _names(user: SeerrUser) -> set[str]:
    return {fold_name(name) for name in (user.username, user.plex_username, user.jellyfin_username)} - {""}


def _is_address(email: str | None) -> bool:
    return email is not None and "@" in email.strip("@ ")


def _unique_name(account: Account) -> str:
    name = text(f"{account.username[:_LONGEST_NAME]} ({account.provider} {account.id})") or account.provider
    return name.replace("@", " at ")


def _list_of(users: Sequence[SeerrUser]) -> str:
    return ", ".join(str(number) for number in sorted(user.id for user in users)[:10])
