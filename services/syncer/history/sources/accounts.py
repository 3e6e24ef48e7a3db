"""The account that an event belongs to, as the sender names it.

Two accounts must never become one. So a name that stands in for a missing id is marked if it could be taken for an id,
and Plex's id 1 (which each server gives its own owner) is the owner only if Plex says so twice.
"""

import re
from typing import Final, Literal

from services.syncer.history.sources.titles import MAX_ID
from shared import leniency
from shared.leniency import flag, number, text
from shared.schemas.media import Account

_LIKE_AN_ID: Final = re.compile(r"\d+|(?:1|name)/.*|[0-9a-f-]{32,36}", re.IGNORECASE | re.DOTALL)
_LARGEST: Final = 10**18 - 1
_OWNER: Final = 1


def compact(value: object) -> str | None:
    """Return a machine, user or item id of Jellyfin and Emby in one spelling."""
    word = text(value, limit=MAX_ID)
    return None if word is None else leniency.compact(word)


def plex_account(*, server: object, account: object, name: object, user: object, owner: object) -> Account | None:
    """Return the Plex account of an event, None if it names none.

    `user`: the event belongs to the account that registered the webhook. `owner`: that account owns the server. Only
    both together mean the owner; a missing flag is a no.
    """
    is_owner = flag(user) is True and flag(owner) is True
    plex_id = number(account, low=_OWNER, high=_LARGEST)
    called = text(name)
    if plex_id == _OWNER and not is_owner:
        account_id = f"{_OWNER}/{called}"[:MAX_ID] if called else None
    else:
        account_id = str(plex_id) if plex_id else _instead_of_id(called)
    if account_id is None:
        return None
    return Account("plex", text(server, limit=MAX_ID) or "", account_id, called or account_id, is_owner)


def local_account(
    source: Literal["jellyfin", "emby"], *, server: object, account: object, name: object
) -> Account | None:
    """Return an account that exists on one Jellyfin or Emby server only, None if the event names none."""
    called = text(name)
    account_id = compact(account) or _instead_of_id(called)
    if account_id is None:
        return None
    return Account(source, compact(server) or "", account_id, called or account_id)


def _instead_of_id(name: str | None) -> str | None:
    if name is None:
        return None
    return f"name/{name}"[:MAX_ID] if _LIKE_AN_ID.fullmatch(name) else name[:MAX_ID]
