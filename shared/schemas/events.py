"""Facts between services, on the stream EVENTS: past tense, frozen, flat, each with an id derived from its cause.

The subject follows from the tag: `media.watched` travels on `events.media.watched`. A new field has a default; a new
meaning has a new event.
"""

from datetime import datetime

import msgspec

from shared.schemas.media import Account, Provider, Title
from shared.schemas.runs import Run
from shared.schemas.webhook_senders import Source


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """The fields of every event; `id` is the message id, so an event published twice is stored once."""

    id: str
    occurred_at: datetime


class WebhookHandled(Event, frozen=True, kw_only=True, tag="webhook.handled"):
    """A webhook was handled; `effect` tells people what it changed."""

    webhook_id: str
    source: Source
    attempt: int = 0
    effect: str = ""


class WebhookIgnored(Event, frozen=True, kw_only=True, tag="webhook.ignored"):
    """A webhook needed no action, or was not understood; `reason` tells people which."""

    webhook_id: str
    source: Source
    attempt: int = 0
    reason: str = ""


class PlayRecorded(Event, frozen=True, kw_only=True, tag="play.recorded"):
    """A play was stored. `person_id` is None until the account belongs to a person."""

    play_id: str
    account: Account
    title: Title
    watched_at: datetime
    person_id: str | None = None


class AccountClaimed(Event, frozen=True, kw_only=True, tag="account.claimed"):
    """The account now belongs to the person, with all its stored plays."""

    account: Account
    person_id: str
    person_name: str
    revision: int = 0
    """Grows with each change of an account's owner; 0 where the order is not known."""


class AccountReturned(Event, frozen=True, kw_only=True, tag="account.returned"):
    """The account no longer belongs to the person, nor do its plays; both are nobody's."""

    account: Account
    person_id: str
    revision: int


class PersonMerged(Event, frozen=True, kw_only=True, tag="person.merged"):
    """Two people turned out to be one: everything of `merged_id` now belongs to `person_id`."""

    person_id: str
    person_name: str
    merged_id: str
    revision: int = 0
    """Grows with each merge and each undoing."""


class PersonUnmerged(Event, frozen=True, kw_only=True, tag="person.unmerged"):
    """A merge was undone: what was claimed for `merged_id` is theirs again."""

    person_id: str
    merged_id: str
    merged_name: str
    revision: int


class PersonForgotten(Event, frozen=True, kw_only=True, tag="person.forgotten"):
    """Everything about a person is to be deleted, and nothing about them is taken any more.

    `person_ids` are also of those who were merged into them, `accounts` have no names, and `user_ids` are those of
    `shared.owners.user_password` for the names that only they had.
    """

    person_ids: tuple[str, ...]
    accounts: tuple[Account, ...]
    user_ids: tuple[str, ...]


class AccountLinked(Event, frozen=True, kw_only=True, tag="account.linked"):
    """A person proved that an account is theirs, or their Seerr user was found; `server` is a machine id.

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
    """Usher no longer has a credential for this account; it still belongs to the person."""

    person_id: str
    provider: Provider
    account_id: str
    server: str = ""
    reason: str = ""


class CredentialDied(Event, frozen=True, kw_only=True, tag="credential.died"):
    """The other system no longer accepts an account's token; the person must sign in again."""

    person_id: str
    provider: Provider
    account_id: str
    server: str = ""
    discord_id: str | None = None


class ServerChanged(Event, frozen=True, kw_only=True, tag="server.changed"):
    """A configured server was added, changed or removed; services that use it read it again."""

    name: str
    is_removed: bool = False


class WebhookSecretChanged(Event, frozen=True, kw_only=True, tag="webhook_secret.changed"):
    """The set of valid webhook secrets changed; every gateway reads it again."""


class AccessRevoked(Event, frozen=True, kw_only=True, tag="access.revoked"):
    """A session or API key of Usher was revoked; gateways close the connections that use it."""

    credential_id: str


class RunChanged(Event, frozen=True, kw_only=True, tag="run.changed"):
    """A run began, advanced or ended; the event with the highest `sequence` is the current state."""

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
