"""Questions about the configured servers, between gateway and linker; the answers are the REST shapes.

Secrets arrive sealed and are never returned: answers show only their last four characters.
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
"""How long an answer that needs calls to other systems may take."""


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A configured media server. `reachable` is null until it was called for the first time."""

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
    """What is wrong with it and how to fix that; null if nothing is."""
    checked_at: datetime | None


class ServerPage(msgspec.Struct, frozen=True):
    """A page of servers, by name."""

    items: list[Server]
    total: int
    limit: int
    offset: int


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a test found about one aspect; `mend` says how to fix it."""

    aspect: Aspect
    works: bool
    text: str
    mend: str = ""


class ServerTest(msgspec.Struct, frozen=True, kw_only=True):
    """What works on a server, and what does not."""

    name: str
    works: bool
    reachable: bool
    findings: list[Finding]
    machine_identifier: str | None = None
    version: str | None = None
    user_count: int | None = None


class RemovedServer(msgspec.Struct, frozen=True, kw_only=True):
    """What depended on a removed server."""

    name: str
    linked_accounts: int
    """Accounts on it that Usher has tokens for; they stay, but are useless without the server."""


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a server to add; its token is sent beside them."""

    name: str
    type: MediaServerType
    url: str
    enabled: bool = True
    request_limit: int | None = None
    machine_identifier: str | None = None
    include_owner: bool = False
    libraries: list[str] = []


class ServerHealth(msgspec.Struct, frozen=True, kw_only=True):
    """A server's state when it was last checked."""

    name: str
    type: Provider
    reachable: bool | None
    version: str | None
    problem: str | None
    checked_at: datetime | None


class ServersHealth(msgspec.Struct, frozen=True):
    """The state of all enabled servers."""

    items: list[ServerHealth]


class PlexConnection(msgspec.Struct, frozen=True, kw_only=True):
    """An address of a Plex server, tested from here; `reason` says why it is not reachable."""

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
    """All servers, the account's own first; `problems` lists entries from plex.tv that could not be read, and why."""

    items: list[DiscoveredServer]
    total: int
    problems: list[str] = []


class SeerrRequests(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests Seerr has, by status."""

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
    """Whether Seerr gets the Plex tokens of people who link their accounts, so that it can read their watchlists."""
    reachable: bool | None = None
    version: str | None = None
    dialect: str | None = None
    user_count: int | None = None
    requests: SeerrRequests | None = None
    """Counted now; null if Seerr does not answer."""
    problem: str | None = None
    checked_at: datetime | None = None


class RemovedSeerr(msgspec.Struct, frozen=True, kw_only=True):
    """What depended on the removed Seerr."""

    url: str
    people: int
    """People who had a user there: Usher forgets which, but the users stay in Seerr."""


def given(change: msgspec.Struct) -> dict[str, Any]:
    """Return the fields of a change that were given."""
    pairs = ((name, getattr(change, name)) for name in change.__struct_fields__)
    return {name: value for name, value in pairs if value is not UNSET}


class ListServers(Question[ServerPage], service="linker", tag="servers.list", frozen=True, kw_only=True):
    """List the media servers."""

    limit: int = 50
    offset: int = 0


class FindServer(Question[Server], service="linker", tag="servers.find", frozen=True, kw_only=True):
    """Find a media server."""

    name: str


class AddServer(Question[Server], service="linker", tag="servers.add", frozen=True, kw_only=True):
    """Test a media server, then store it; an unreachable one is stored too."""

    answered_within: ClassVar[timedelta] = WITHIN

    server: ServerSettings
    token: SealedSecret
    password_suffix: SealedSecret | None = None


class TryServer(Question[Server], service="linker", tag="servers.try", frozen=True, kw_only=True):
    """Return how a server would be stored, changing nothing; refuses what `AddServer` refuses."""

    answered_within: ClassVar[timedelta] = WITHIN

    server: ServerSettings
    token: SealedSecret
    password_suffix: SealedSecret | None = None


class ChangeServer(
    Question[Server], service="linker", tag="servers.change", frozen=True, kw_only=True, omit_defaults=True
):
    """Change the given fields. A new address or token is tested first."""

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
    """Remove a media server and its token."""

    name: str


class TestServer(Question[ServerTest], service="linker", tag="servers.test", frozen=True, kw_only=True):
    """Test what works on a server now, and what does not."""

    __test__: ClassVar[bool] = False
    answered_within: ClassVar[timedelta] = WITHIN

    name: str


class AskServersHealth(Question[ServersHealth], service="linker", tag="servers.health", frozen=True, kw_only=True):
    """Return the servers' state. None is called for it: the linker checks them every few minutes."""


class DiscoverPlex(Question[DiscoveredServers], service="linker", tag="servers.discover", frozen=True, kw_only=True):
    """Find the Plex servers that a token reaches, or, without one, the person's linked account."""

    answered_within: ClassVar[timedelta] = WITHIN

    token: SealedSecret | None = None
    person_id: str | None = None


class ShowSeerr(Question[SeerrConnection], service="linker", tag="servers.seerr", frozen=True, kw_only=True):
    """Return the state of the connection to Seerr, checked now."""

    answered_within: ClassVar[timedelta] = WITHIN


class ChangeSeerr(
    Question[SeerrConnection], service="linker", tag="servers.set-seerr", frozen=True, kw_only=True, omit_defaults=True
):
    """Change the given fields, after a test; the first time needs an address and a key. `dry_run` only tests."""

    answered_within: ClassVar[timedelta] = WITHIN

    url: str | UnsetType = UNSET
    api_key: SealedSecret | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    gives_token: bool | UnsetType = UNSET
    dry_run: bool = False


class RemoveSeerr(Question[RemovedSeerr], service="linker", tag="servers.remove-seerr", frozen=True, kw_only=True):
    """Remove Seerr, its key, and the knowledge of who has which of its users."""
