"""Facts between services, on the stream EVENTS: past tense, frozen, flat, each with an id derived from its cause.

The subject follows from the tag: `media.watched` travels on `events.media.watched`. A new field has a default; a new
meaning has a new event.
"""

from datetime import datetime

import msgspec

from shared.schemas.media import Account, Provider, Title
from shared.schemas.runs import Run
from shared.schemas.webhooks import Source


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What all facts have; `id` is the message id, so the same fact published twice is stored once."""

    id: str
    occurred_at: datetime


class WebhookHandled(Event, frozen=True, kw_only=True, tag="webhook.handled"):
    """A webhook had its effect; `effect` says which, for people."""

    webhook_id: str
    source: Source
    attempt: int = 0
    effect: str = ""


class WebhookIgnored(Event, frozen=True, kw_only=True, tag="webhook.ignored"):
    """A webhook was understood to need nothing, or not understood; `reason` says which, for people."""

    webhook_id: str
    source: Source
    attempt: int = 0
    reason: str = ""


class PlayRecorded(Event, frozen=True, kw_only=True, tag="play.recorded"):
    """A play is stored. `person_id` is None while nobody has claimed the account."""

    play_id: str
    account: Account
    title: Title
    watched_at: datetime
    person_id: str | None = None


class AccountClaimed(Event, frozen=True, kw_only=True, tag="account.claimed"):
    """From now on, and for the plays kept so far, this account is that person's."""

    account: Account
    person_id: str
    person_name: str


class PersonMerged(Event, frozen=True, kw_only=True, tag="person.merged"):
    """Two persons were one: all of `merged_id` is now `person_id`'s."""

    person_id: str
    person_name: str
    merged_id: str


class AccountLinked(Event, frozen=True, kw_only=True, tag="account.linked"):
    """A person proved that an account is his, or his Seerr user was found; `server` is a machine id.

    For Seerr, `account_id` is the user's number. The token is in the vault, under `shared.owners.account_token`.
    """

    person_id: str
    person_name: str
    provider: Provider
    account_id: str
    username: str
    server: str = ""
    email: str | None = None
    discord_id: str | None = None


class AccountUnlinked(Event, frozen=True, kw_only=True, tag="account.unlinked"):
    """Usher has no credential for this account any more; whose it is does not change."""

    person_id: str
    provider: Provider
    account_id: str
    server: str = ""
    reason: str = ""


class CredentialDied(Event, frozen=True, kw_only=True, tag="credential.died"):
    """The other system does not accept an account's token any more; the person must sign in again."""

    person_id: str
    provider: Provider
    account_id: str
    server: str = ""
    discord_id: str | None = None


class ServerChanged(Event, frozen=True, kw_only=True, tag="server.changed"):
    """A configured server was added, changed or removed: whoever speaks to it reads it again."""

    name: str
    is_removed: bool = False


class WebhookSecretChanged(Event, frozen=True, kw_only=True, tag="webhook_secret.changed"):
    """The set of valid webhook secrets changed: each gateway reads it again."""


class AccessRevoked(Event, frozen=True, kw_only=True, tag="access.revoked"):
    """A session or an API key of Usher's own ended before its time: whoever is connected by it is let go."""

    credential_id: str


class RunChanged(Event, frozen=True, kw_only=True, tag="run.changed"):
    """A run began, went on or ended; the highest `sequence` says how it is now."""

    run: Run


def tag(kind: type[Event]) -> str:
    """Return `noun.participle` of an event type."""
    value = kind.__struct_config__.tag
    if not isinstance(value, str):
        raise TypeError(f"{kind.__name__} has no tag")
    return value


def subject(event: Event | type[Event]) -> str:
    """Return the subject that an event travels on."""
    kind = event if isinstance(event, type) else type(event)
    return f"events.{tag(kind)}"
