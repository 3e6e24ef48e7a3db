"""Asks a server who it is and what its credential allows. Only the expected server is given the credential."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Final, TypeVar

import msgspec

from services.linker.servers import probe_results
from services.linker.servers.probe_results import Identity, ProbeResult, Rights
from shared.clients.seerr.dialect import dialect_of
from shared.clients.seerr.users import RequestCounts
from shared.errors import InvalidError, TransientError, UsherError
from shared.http.calls import RefusedError
from shared.http.egress import EgressError
from shared.schemas.directory import ServerAddress
from shared.schemas.media import Provider
from shared.schemas.secret import Secret
from shared.schemas.servers import SeerrRequests
from shared.upstreams.clients import Clients
from shared.upstreams.rate_limit import RateLimit

DEADLINE: Final = timedelta(seconds=3)
"""For a call; a test makes two rounds of them."""
_KINDS: Final[tuple[Provider, ...]] = ("plex", "jellyfin", "seerr")
"""Types with a first call of their own; Emby answers Jellyfin's."""
_DEVICE: Final = "server test"

T = TypeVar("T")


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What to probe. With `machine_id` it must be that server; with `import_problem` Seerr's import is tried again."""

    address: ServerAddress
    kind: Provider
    credential: Secret
    machine_id: str | None = None
    import_problem: str | None = None


class Prober:
    """Probes servers, each time as if for the first time: earlier failures do not hold a probe back."""

    def __init__(self, clients: Clients, *, deadline: timedelta = DEADLINE) -> None:
        self._clients = clients
        self._deadline = deadline

    async def probe(self, target: Target) -> ProbeResult:
        """Return what the server said; raises nothing that the server or the network can cause."""
        calls = _Calls(self._clients.for_test(deadline=self._deadline), target)
        try:
            identity = await calls.identity(target.kind)
        except TransientError as exc:
            return probe_results.no_answer(exc)
        except EgressError as exc:
            return probe_results.blocked_address(exc)
        except RefusedError as exc:
            found = await calls.any_identity()
            if found is None:
                return probe_results.not_a_server(target.kind, exc)
            identity = found
        if identity.kind != target.kind:
            return probe_results.wrong_type(target.kind, identity)
        if target.machine_id and identity.machine_id != target.machine_id:
            return probe_results.wrong_server(identity, target.machine_id)
        return probe_results.expected_server(identity, await calls.rights(identity))


class _Calls:
    """The calls of one probe."""

    def __init__(self, clients: Clients, target: Target) -> None:
        self._target = target
        address, token = target.address, target.credential
        self._plex = clients.plex_server(address, token=token)
        self._plex_tv = clients.plex_tv(RateLimit.acquire_at_once)  # a probe cannot wait
        self._jellyfin = clients.jellyfin(address, for_whom=_DEVICE)
        self._emby = clients.emby(address, for_whom=_DEVICE)
        self._seerr = clients.seerr(address, api_key=token)

    async def identity(self, kind: Provider) -> Identity:
        """Return who answers the first call of this type, which needs no credential."""
        match kind:
            case "plex":
                return probe_results.identity_of(await self._plex.identity())
            case "jellyfin" | "emby":
                return probe_results.identity_of(await self._jellyfin.public_server())
            case _:
                return await self._seerr_identity()

    async def _seerr_identity(self) -> Identity:
        status, settings = await asyncio.gather(self._seerr.status(), self._seerr.public_settings())
        dialect = dialect_of(status.version, names_media_server=settings.media_server_type is not None)
        version = probe_results.version_of(status.version)
        return Identity(kind="seerr", machine_id=None, version=version, dialect=str(dialect))

    async def any_identity(self) -> Identity | None:
        """Return who answers the first call of any type."""
        found = await asyncio.gather(*(_attempt(self.identity(kind)) for kind in _KINDS))
        return next((one for one in found if isinstance(one, Identity)), None)

    async def rights(self, identity: Identity) -> Rights:
        """Return what the credential allows."""
        match identity.kind:
            case "plex":
                return await self._plex_rights(identity.machine_id or "")
            case "jellyfin" | "emby":
                return await self._users_rights(identity.kind)
            case _:
                return await self._seerr_rights()

    async def _plex_rights(self, machine_id: str) -> Rights:
        libraries, sessions, shares = await asyncio.gather(
            _attempt(self._plex.libraries()),
            _attempt(self._plex.sessions()),
            _attempt(self._plex_tv.count_shares(self._target.credential, machine_id=machine_id)),
        )
        denied = sessions if isinstance(sessions, RefusedError) else None
        users = shares if isinstance(shares, UsherError) else shares + 1  # with the owner
        return probe_results.rights_of("plex", libraries, users=users, owner=denied)

    async def _users_rights(self, kind: Provider) -> Rights:
        client = self._jellyfin if kind == "jellyfin" else self._emby
        users = await _attempt(client.users(self._target.credential))
        if isinstance(users, UsherError):
            return probe_results.rights_of(kind, users, users=users)
        number = len(users.rows) + len(users.problems)
        return probe_results.rights_of(kind, users, users=number, problems=users.problems)

    async def _seerr_rights(self) -> Rights:
        me, page, counts, write, import_problem = await asyncio.gather(
            _attempt(self._seerr.me()),
            _attempt(self._seerr.users(take=1)),
            _attempt(self._seerr.request_counts()),
            _attempt(self._seerr.try_to_write()),
            self._import_problem(),
        )
        return probe_results.rights_in_seerr(
            me,
            users=page if isinstance(page, UsherError) else probe_results.count_of(page.total),
            requests=_requests(counts) if isinstance(counts, RequestCounts) else None,
            write=write,
            import_problem=import_problem,
            is_import_tried=self._target.import_problem is not None,
        )

    async def _import_problem(self) -> str | None:
        """Return what still keeps Seerr from importing, where something did; a working import is not checked.

        Seerr calls plex.tv once for each account that it could import: too much for every few minutes.
        """
        if self._target.import_problem is None:
            return None
        settings = await _attempt(self._seerr.public_settings())
        if isinstance(settings, UsherError):
            return self._target.import_problem
        is_plex = settings.media_server == "plex"
        can = self._seerr.check_plex_import() if is_plex else self._seerr.jellyfin_candidates()
        return self._target.import_problem if isinstance(await _attempt(can), UsherError) else None


async def _attempt(call: Awaitable[T]) -> T | TransientError | RefusedError | InvalidError:
    try:
        return await call
    except (TransientError, RefusedError, InvalidError) as exc:
        return exc


def _requests(counts: RequestCounts) -> SeerrRequests:
    said: dict[str, int] = msgspec.structs.asdict(counts)
    return SeerrRequests(**{name: probe_results.count_of(number) for name, number in said.items()})
