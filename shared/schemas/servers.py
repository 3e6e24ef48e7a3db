"""Questions about the configured servers, between gateway and linker; the answers are the REST shapes.

Secrets come sealed and never go back: what is shown of one are its last four characters.
"""

from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from shared.schemas.media import Provider
from shared.schemas.question import Question
from shared.schemas.sealed_secret import SealedSecret

MediaServerType = Literal["plex", "jellyfin", "emby"]
Aspect = Literal["address", "server", "credential", "rights", "users"]

TOKEN: Final = "server token"  # noqa: S105 (what a sealed secret is for)
SUFFIX: Final = "server password suffix"
PLEX_TOKEN: Final = "token to discover servers with"  # noqa: S105 (likewise)
WITHIN: Final = timedelta(seconds=7.5)
"""How long an answer may take for which other systems are asked."""


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A configured media server. `reachable` is null before it was asked for the first time."""

    name: str
    type: MediaServerType
    url: str
    enabled: bool
    token: str
    password_suffix: str | None
    request_limit: int | None
    machine_identifier: str | None
    include_owner: bool
    libraries: list[str]
    reachable: bool | None
    version: str | None
    user_count: int | None
    problem: str | None
    """What is wrong with it and how to mend that; null where all is well."""
    checked_at: datetime | None


class ServerPage(msgspec.Struct, frozen=True):
    """A page of servers, by name."""

    items: list[Server]
    total: int
    limit: int
    offset: int


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a test found of one thing; `mend` says how to make it work."""

    aspect: Aspect
    works: bool
    text: str
    mend: str = ""


class ServerTest(msgspec.Struct, frozen=True, kw_only=True):
    """What works with a server, and what does not."""

    name: str
    works: bool
    reachable: bool
    findings: list[Finding]
    machine_identifier: str | None = None
    version: str | None = None
    user_count: int | None = None


class RemovedServer(msgspec.Struct, frozen=True, kw_only=True):
    """What depended on a server that is gone."""

    name: str
    linked_accounts: int
    """People's accounts on it that Usher holds a token for; these stay, and are of no use without the server."""


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a server that is to be; the token comes beside them."""

    name: str
    type: MediaServerType
    url: str
    enabled: bool = True
    request_limit: int | None = None
    machine_identifier: str | None = None
    include_owner: bool = False
    libraries: list[str] = []


class ServerHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How a server was when it was last asked."""

    name: str
    type: Provider
    reachable: bool | None
    version: str | None
    problem: str | None
    checked_at: datetime | None


class ServersHealth(msgspec.Struct, frozen=True):
    """How all servers were, those that are turned off left out."""

    items: list[ServerHealth]


class PlexConnection(msgspec.Struct, frozen=True, kw_only=True):
    """An address of a Plex server, tested from here. `reason` says why it is not reachable."""

    uri: str
    local: bool
    relay: bool
    reachable: bool
    latency_ms: int | None
    reason: str | None


class DiscoveredServer(msgspec.Struct, frozen=True, kw_only=True):
    """A Plex server that an account reaches; `best` is the address to use from here."""

    name: str
    machine_identifier: str
    owned: bool
    version: str
    connections: list[PlexConnection]
    best: str | None


class DiscoveredServers(msgspec.Struct, frozen=True):
    """All of them, its own first; `problems` says which entries of plex.tv's list could not be read, and why."""

    items: list[DiscoveredServer]
    total: int
    problems: list[str] = []


class SeerrRequests(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests Seerr has, by what became of them."""

    total: int
    movie: int
    tv: int
    pending: int
    approved: int
    declined: int
    processing: int
    available: int
    completed: int


class SeerrConnection(msgspec.Struct, frozen=True, kw_only=True):
    """The connection to Seerr; without one, `url` is null."""

    url: str | None = None
    enabled: bool = False
    api_key: str | None = None
    gives_token: bool = False
    """Whether it is given the Plex tokens of those who link their accounts, so that it reads their watchlists."""
    reachable: bool | None = None
    version: str | None = None
    dialect: str | None = None
    user_count: int | None = None
    requests: SeerrRequests | None = None
    """As counted now; null where it does not answer."""
    problem: str | None = None
    checked_at: datetime | None = None


class RemovedSeerr(msgspec.Struct, frozen=True, kw_only=True):
    """What depended on a Seerr that is gone."""

    url: str
    people: int
    """Persons who had a user of it: Usher forgets which one, and Seerr keeps him."""


def given(change: msgspec.Struct) -> dict[str, Any]:
    """Return the members of a change that were given."""
    pairs = ((name, getattr(change, name)) for name in change.__struct_fields__)
    return {name: value for name, value in pairs if value is not UNSET}


class ListServers(Question[ServerPage], service="linker", tag="servers.list", frozen=True, kw_only=True):
    """Which media servers are there?"""

    limit: int = 50
    offset: int = 0


class FindServer(Question[Server], service="linker", tag="servers.find", frozen=True, kw_only=True):
    """What is known of this media server?"""

    name: str


class AddServer(Question[Server], service="linker", tag="servers.add", frozen=True, kw_only=True):
    """Test a media server, then store it; one that is out of reach is stored too."""

    answered_within: ClassVar[timedelta] = WITHIN

    server: Settled
    token: SealedSecret
    password_suffix: SealedSecret | None = None


class TryServer(Question[Server], service="linker", tag="servers.try", frozen=True, kw_only=True):
    """How would it be stored? Nothing is changed; refused is what `AddServer` refuses."""

    answered_within: ClassVar[timedelta] = WITHIN

    server: Settled
    token: SealedSecret
    password_suffix: SealedSecret | None = None


class ChangeServer(
    Question[Server], service="linker", tag="servers.change", frozen=True, kw_only=True, omit_defaults=True
):
    """Change what is given. A new address or token is tested first."""

    answered_within: ClassVar[timedelta] = WITHIN

    name: str
    url: str | UnsetType = UNSET
    token: SealedSecret | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    password_suffix: SealedSecret | UnsetType | None = UNSET
    request_limit: int | UnsetType | None = UNSET
    machine_identifier: str | UnsetType | None = UNSET
    include_owner: bool | UnsetType = UNSET
    libraries: list[str] | UnsetType = UNSET


class RemoveServer(Question[RemovedServer], service="linker", tag="servers.remove", frozen=True, kw_only=True):
    """Forget a media server with its token."""

    name: str


class TestServer(Question[ServerTest], service="linker", tag="servers.test", frozen=True, kw_only=True):
    """What works with this server now, and what does not?"""

    __test__: ClassVar[bool] = False
    answered_within: ClassVar[timedelta] = WITHIN

    name: str


class AskServersHealth(Question[ServersHealth], service="linker", tag="servers.health", frozen=True, kw_only=True):
    """How are the servers? Nobody is asked for it: the linker looks every few minutes."""


class DiscoverPlex(Question[DiscoveredServers], service="linker", tag="servers.discover", frozen=True, kw_only=True):
    """Which Plex servers does this token reach, or, without one, the linked account of this person?"""

    answered_within: ClassVar[timedelta] = WITHIN

    token: SealedSecret | None = None
    person_id: str | None = None


class ShowSeerr(Question[SeerrConnection], service="linker", tag="servers.seerr", frozen=True, kw_only=True):
    """How is the connection to Seerr? It is asked."""

    answered_within: ClassVar[timedelta] = WITHIN


class ChangeSeerr(
    Question[SeerrConnection], service="linker", tag="servers.set-seerr", frozen=True, kw_only=True, omit_defaults=True
):
    """Change what is given, after a test; the first time an address and a key are needed. `dry_run` only tests."""

    answered_within: ClassVar[timedelta] = WITHIN

    url: str | UnsetType = UNSET
    api_key: SealedSecret | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    gives_token: bool | UnsetType = UNSET
    dry_run: bool = False


class RemoveSeerr(Question[RemovedSeerr], service="linker", tag="servers.remove-seerr", frozen=True, kw_only=True):
    """Forget Seerr with its key, and who has which of its users."""
