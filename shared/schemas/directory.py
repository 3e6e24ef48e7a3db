"""Where other systems are, and what opens them: asked of the linker, which owns servers and people's accounts.

An address and its credential come in one answer, so that no credential is sent anywhere else. Services ask through
`shared.upstreams.directory`, which remembers the answers.
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
    """Where a server is; errors call it by its name."""

    name: str
    url: str


class SealedServer(msgspec.Struct, frozen=True, kw_only=True):
    """A configured server with its own token, key or secret; null where that is not there any more."""

    address: ServerAddress
    type: Provider
    machine_id: str | None
    """Of a Trakt application, its client id."""
    credential: SealedSecret | None


class LookUpServer(Question[SealedServer], service="linker", tag="directory.server", frozen=True, kw_only=True):
    """Where is the enabled server of this type, and what opens it? Without a name the only one: Seerr, Trakt."""

    type: Provider
    name: str = ""
    """A name, or a machine id."""


class SealedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account that a person linked. The other system does not accept the token of a dead one any more."""

    id: str
    username: str
    is_dead: bool
    expires_at: datetime | None
    token: SealedSecret | None


class SealedAccounts(msgspec.Struct, frozen=True, kw_only=True):
    """A person's accounts, in the order of their linking."""

    person_id: str
    """Of a merged person, whom they became part of."""
    person_name: str
    accounts: list[SealedAccount]


class LookUpAccounts(Question[SealedAccounts], service="linker", tag="directory.accounts", frozen=True, kw_only=True):
    """Which accounts has a person linked there, and what opens them?"""

    person_id: str
    type: Provider
    machine_id: str = ""
    """Empty where accounts are the same on all servers: plex.tv, Trakt."""
