"""Questions about people and accounts, between gateway and linker; the answers are the REST shapes."""

from datetime import datetime

import msgspec

from shared.schemas.media import Provider
from shared.schemas.question import Question


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A person's account on one system; `proven` if the person signed in to it, not if someone merely assigned it."""

    provider: Provider
    id: str
    username: str
    email: str | None
    proven: bool
    linked_at: datetime
    server: str | None = None
    """Machine id, for systems whose accounts exist on one server only."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One human."""

    id: str
    name: str
    identities: list[Identity]
    seerr_user_id: int | None
    seerr_reason: str | None = None
    """Why the person has no user in Seerr, or what Seerr refused to change about it."""


class PersonPage(msgspec.Struct, frozen=True):
    """A page of people, by name."""

    items: list[Person]
    total: int
    limit: int
    offset: int


class UnclaimedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account seen in webhooks that belongs to nobody yet."""

    source: Provider
    server: str
    account_id: str
    account_name: str
    plays: int
    last_seen_at: datetime


class UnclaimedPage(msgspec.Struct, frozen=True):
    """A page of unclaimed accounts, last seen first."""

    items: list[UnclaimedAccount]
    total: int
    limit: int
    offset: int


class ListPeople(Question[PersonPage], service="linker", tag="people.list", frozen=True, kw_only=True):
    """List people; `search` looks in names and usernames."""

    search: str | None = None
    limit: int = 50
    offset: int = 0


class FindPerson(Question[Person], service="linker", tag="people.find", frozen=True, kw_only=True):
    """Find a person; the id of a merged person finds the one they were merged into."""

    person_id: str


class MergePeople(Question[Person], service="linker", tag="people.merge", frozen=True, kw_only=True):
    """Make `merged_id` part of `person_id`; asking again answers the same."""

    person_id: str
    merged_id: str


class UnmergePeople(Question[Person], service="linker", tag="people.unmerge", frozen=True, kw_only=True):
    """Make `merged_id` a person of their own again, with what the merge moved; the answer is that person."""

    person_id: str
    merged_id: str


class MergedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is part of another person; `merged_at` is null for a merge that cannot be undone."""

    id: str
    name: str
    merged_at: datetime | None


class MergedPeople(msgspec.Struct, frozen=True):
    """Who is part of a person, the last merged first; 200 at most."""

    items: list[MergedPerson]


class ListMerges(Question[MergedPeople], service="linker", tag="people.list-merges", frozen=True, kw_only=True):
    """List who was merged into a person, directly or with another."""

    person_id: str


class GiveBackAccount(Question[Person], service="linker", tag="people.give-back", frozen=True, kw_only=True):
    """Take an account from a person, with its plays; asking again answers the same."""

    person_id: str
    source: Provider
    server: str
    account_id: str


class ForgottenPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Who was forgotten; Usher leaves their user in Seerr alone."""

    person_id: str
    remaining_seerr_user_id: int | None
    """The user in Seerr that is still there: delete it in Seerr if it is to go."""


class ForgetPerson(Question[ForgottenPerson], service="linker", tag="people.forget", frozen=True, kw_only=True):
    """Delete everything about a person, and have the other services do so; asking again answers the same."""

    person_id: str


class ListUnclaimed(Question[UnclaimedPage], service="linker", tag="people.unclaimed", frozen=True, kw_only=True):
    """List the accounts that belong to nobody; `search` looks in names, `account_id` is exact."""

    search: str | None = None
    account_id: str | None = None
    limit: int = 50
    offset: int = 0


class ListNamesakes(Question[PersonPage], service="linker", tag="people.namesakes", frozen=True, kw_only=True):
    """List the people who have the name of an account on this page of `ListUnclaimed`: they may be whose it is."""

    search: str | None = None
    account_id: str | None = None
    limit: int = 50
    offset: int = 0


class ClaimAccount(Question[Person], service="linker", tag="people.claim", frozen=True, kw_only=True):
    """Give an account to a person, or, without `person_id`, to a new one of `name` (else the account's name)."""

    source: Provider
    server: str
    account_id: str
    person_id: str | None = None
    name: str | None = None
