"""Questions about the webhooks of a Plex account at plex.tv, which the linker answers in the shapes of REST.

Addresses hold secrets: ours reaches the linker sealed, and of the others only the hosts come back.
"""

from datetime import timedelta
from typing import ClassVar, Final

import msgspec

from shared.schemas.question import Question
from shared.schemas.sealed_secret import SealedSecret

ADDRESS: Final = "webhook address"
WITHIN: Final = timedelta(seconds=11)
"""How long an answer may take: plex.tv is called up to four times."""


class PlexWebhooks(msgspec.Struct, frozen=True, kw_only=True):
    """The webhooks of a Plex account, compared with an address of this Usher."""

    account: str
    present: bool
    """Whether the account has the address already."""
    outdated: int
    """How many addresses of this Usher with another secret it has."""
    others: list[str]
    """The hosts of all other addresses."""


class PlexWebhookSet(msgspec.Struct, frozen=True, kw_only=True):
    """What was changed on a Plex account."""

    account: str
    added: bool
    """False if the account had the address already."""
    replaced: int
    """How many addresses of this Usher with another secret were removed."""
    kept: list[str]
    """The hosts of all other addresses, which stay."""


class ShowPlexWebhooks(Question[PlexWebhooks], service="linker", tag="plex.webhooks", frozen=True, kw_only=True):
    """Compare an address with the webhooks of the account that a server's token, or a person's, belongs to."""

    answered_within: ClassVar[timedelta] = WITHIN

    address: SealedSecret
    server: str | None = None
    person_id: str | None = None


class SetPlexWebhook(Question[PlexWebhookSet], service="linker", tag="plex.set-webhook", frozen=True, kw_only=True):
    """Add an address to the webhooks of such an account, in place of those of this Usher with another secret."""

    answered_within: ClassVar[timedelta] = WITHIN

    address: SealedSecret
    server: str | None = None
    person_id: str | None = None
