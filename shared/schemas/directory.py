"""Questions for the addresses and credentials of other systems, answered by the linker, which owns them.

An address and its credential come in one answer, so that no credential is sent to another address. Services ask
through `shared.upstreams.directory`, which caches the answers.
"""

from datetime import datetime
from typing import Final

import msgspec

from shared.schemas.media import Provider
from shared.schemas.question import Question
from shared.schemas.sealed_secret import SealedSecret

SERVER_CREDENTIAL: Final = "credential of a server, for a service"
ACCOUNT_TOKEN: Final = "token of an account, for a service"  # noqa: S105 (what a sealed secret is for)


class ServerAddress(msgspec.Struct, frozen=True):
    """Where a server is; `name` is its name in errors."""

    name: str
    url: str


class SealedServer(msgspec.Struct, frozen=True, kw_only=True):
    """A configured server with its own token, key or secret, or null if that no longer exists."""

    address: ServerAddress
    type: Provider
    machine_id: str | None
    """For a Trakt application, its client id."""
    credential: SealedSecret | None


class LookUpServer(Question[SealedServer], service="linker", tag="directory.server", frozen=True, kw_only=True):
    """Find the enabled server of this type with its credential; without a name, the only one (Seerr, Trakt)."""

    type: Provider
    name: str = ""
    """A name, or a machine id."""


class SealedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account that a person linked. If it `is_dead`, the other system no longer accepts its token."""

    id: str
    username: str
    is_dead: bool
    expires_at: datetime | None
    token: SealedSecret | None


class SealedAccounts(msgspec.Struct, frozen=True, kw_only=True):
    """A person's accounts, in the order in which they were linked."""

    person_id: str
    """For a merged person, the id of the person they were merged into."""
    person_name: str
    accounts: list[SealedAccount]


class LookUpAccounts(Question[SealedAccounts], service="linker", tag="directory.accounts", frozen=True, kw_only=True):
    """Find the accounts that a person has linked there, with their tokens."""

    person_id: str
    type: Provider
    machine_id: str = ""
    """Empty for systems whose accounts are valid on all servers: plex.tv, Trakt."""
