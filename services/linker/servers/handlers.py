"""Answers questions about media servers; they are tested first, outside of any transaction."""

from typing import Any, Final

import msgspec
from msgspec import UNSET

from services.linker.servers import rules, store
from services.linker.servers.checks import ServerChecker
from services.linker.servers.probe import Target
from services.linker.servers.probe_results import ProbeResult
from services.linker.servers.registry import Registry, Secrets
from services.linker.servers.server_types import MEDIA_SERVERS
from services.linker.servers.store import ServerRow
from shared.errors import UnknownServerError
from shared.http.egress import Egress
from shared.postgres.pool import Connection, Pool, snapshot, transaction
from shared.schemas.sealed_secret import SealedSecret
from shared.schemas.secret import Secret
from shared.schemas.servers import (
    SUFFIX,
    TOKEN,
    AddServer,
    AskServersHealth,
    ChangeServer,
    FindServer,
    ListServers,
    RemovedServer,
    RemoveServer,
    Server,
    ServerHealth,
    ServerPage,
    ServersHealth,
    ServerTest,
    TestServer,
    TryServer,
    given,
)
from shared.sealing import Sealer

_OURS: Final = {"machine_identifier": "machine_id"}
"""Columns whose name differs from the field's."""

_TO_TEST: Final = {"url", "token", "machine_identifier"}


class Handlers:
    """The linker's answers about Plex, Jellyfin and Emby servers."""

    def __init__(
        self, *, registry: Registry, checker: ServerChecker, sealer: Sealer, egress: Egress, pool: Pool
    ) -> None:
        self._registry = registry
        self._checker = checker
        self._sealer = sealer
        self._egress = egress
        self._pool = pool

    async def list_servers(self, question: ListServers) -> ServerPage:
        """Answer `GET /api/mediaservers`."""
        async with transaction(self._pool) as connection:
            rows, total = await store.page_of_servers(connection, limit=question.limit, offset=question.offset)
            items = [await self._show(connection, row) for row in rows]
        return ServerPage(items, total, question.limit, question.offset)

    async def find_server(self, question: FindServer) -> Server:
        """Answer `GET /api/mediaservers/{name}`."""
        return await self._server_named(question.name)

    async def add_server(self, question: AddServer) -> Server:
        """Test and store a new server."""
        row, token = await self._new_row(question)
        tested = rules.with_result(row, await self._test(row, token, machine_id=row.machine_id))
        await self._registry.add(tested, Secrets(token=token, suffix=self._unseal_suffix(question.password_suffix)))
        return await self._server_named(row.name)

    async def try_server(self, question: TryServer) -> Server:
        """Test a server, and return it as it would be stored."""
        row, token = await self._new_row(question)
        tested = rules.with_result(row, await self._test(row, token, machine_id=row.machine_id))
        async with transaction(self._pool) as connection:
            await self._registry.require_new(connection, tested)
        return _server(tested, token=token, suffix=self._unseal_suffix(question.password_suffix))

    async def change_server(self, question: ChangeServer) -> Server:
        """Change a server; test it first where an address or a token is given."""
        row, token = await self._load(question.name)
        secrets = Secrets(
            token=UNSET if question.token is UNSET else self._sealer.unseal(question.token, purpose=TOKEN),
            suffix=UNSET if question.password_suffix is UNSET else self._unseal_suffix(question.password_suffix),
        )
        changed = self._apply_changes(row, question)
        if given(question).keys() & _TO_TEST:
            credential = token if secrets.token is UNSET else secrets.token
            changed = await self._test_change(changed, credential, machine_id=_expected_machine_id(row, question))
        await self._registry.replace(changed, secrets)
        return await self._server_named(row.name)

    async def remove_server(self, question: RemoveServer) -> RemovedServer:
        """Remove a server with its secrets."""
        dependents = await self._registry.remove(question.name, kinds=MEDIA_SERVERS)
        return RemovedServer(name=question.name, linked_accounts=dependents)

    async def test_server(self, question: TestServer) -> ServerTest:
        """Check a server now, and report what works."""
        row, _ = await self._load(question.name)
        return _report(row.name, await self._checker.check_on_request(row))

    async def servers_health(self, question: AskServersHealth) -> ServersHealth:  # noqa: ARG002 (it asks for all)
        """Return how all servers were at their last check."""
        async with transaction(self._pool) as connection:
            rows = await store.watched_servers(connection)
        return ServersHealth([_health(row) for row in rows])

    async def _new_row(self, question: AddServer | TryServer) -> tuple[ServerRow, Secret]:
        row = rules.row_of(question.server, self._egress)
        async with transaction(self._pool) as connection:
            await self._registry.require_new(connection, row)
        return row, self._sealer.unseal(question.token, purpose=TOKEN)

    async def _load(self, name: str) -> tuple[ServerRow, Secret | None]:
        async with snapshot(self._pool) as connection:
            row = await store.find_server(connection, name)
            if row is None or row.type not in MEDIA_SERVERS:
                raise UnknownServerError(name)
            return row, await self._registry.token_of(connection, row)

    def _apply_changes(self, row: ServerRow, question: ChangeServer) -> ServerRow:
        changes: dict[str, Any] = {
            _OURS.get(name, name): value
            for name, value in given(question).items()
            if name not in {"name", "token", "password_suffix"}
        }
        if "url" in changes:
            changes["url"] = rules.url_of(changes["url"], self._egress)
            if question.token is UNSET:
                rules.require_same_origin("token", changes["url"], before=row.url)
            elif changes["url"] != row.url:  # it may be another server
                changes.setdefault("machine_id", None)
        return msgspec.structs.replace(row, **changes, from_settings=False)

    async def _test_change(self, changed: ServerRow, credential: Secret | None, *, machine_id: str | None) -> ServerRow:
        if credential is None:
            raise rules.field_error("token", "the server's token is no longer stored: send it too")
        return rules.with_result(changed, await self._test(changed, credential, machine_id=machine_id))

    async def _test(self, row: ServerRow, token: Secret, *, machine_id: str | None) -> ProbeResult:
        return await self._checker.test(
            Target(address=row.address, kind=row.type, credential=token, machine_id=machine_id)
        )

    def _unseal_suffix(self, sealed: SealedSecret | None) -> Secret | None:
        return None if sealed is None else self._sealer.unseal(sealed, purpose=SUFFIX)

    async def _server_named(self, name: str) -> Server:
        async with transaction(self._pool) as connection:
            row = await store.find_server(connection, name)
            if row is None or row.type not in MEDIA_SERVERS:
                raise UnknownServerError(name)
            return await self._show(connection, row)

    async def _show(self, connection: Connection, row: ServerRow) -> Server:
        token = await self._registry.token_of(connection, row)
        suffix = await self._registry.suffix_of(connection, row)
        return _server(row, token=token, suffix=suffix)


def _expected_machine_id(row: ServerRow, question: ChangeServer) -> str | None:
    """Return which server must answer: the stored token is for the same one only, a new token for any."""
    if question.token is not UNSET:
        return question.machine_identifier or None
    if question.machine_identifier and row.machine_id not in {None, question.machine_identifier}:
        raise rules.field_error("token", "the stored token is sent to no other server: send it too")
    return question.machine_identifier or row.machine_id


def _server(row: ServerRow, *, token: Secret | None, suffix: Secret | None) -> Server:
    shared = {name: getattr(row, name) for name in Server.__struct_fields__ if name in ServerRow.__struct_fields__}
    return Server(
        **shared,
        machine_identifier=row.machine_id,
        token="…" if token is None else token.last_four(),
        password_suffix=None if suffix is None else suffix.last_four(),
    )


def _report(name: str, probe: ProbeResult) -> ServerTest:
    return ServerTest(
        name=name,
        works=probe.works,
        reachable=probe.reachable,
        findings=list(probe.findings),
        machine_identifier=probe.machine_id,
        version=probe.version,
        user_count=probe.user_count,
    )


def _health(row: ServerRow) -> ServerHealth:
    return ServerHealth(
        name=row.name,
        type=row.type,
        reachable=row.reachable,
        version=row.version,
        problem=row.problem,
        checked_at=row.checked_at,
    )
