"""Answers the questions about media servers: tests come first, outside of any transaction."""

from typing import Any, Final

import msgspec
from msgspec import UNSET

from services.linker.servers import rules, store
from services.linker.servers.findings import Probe
from services.linker.servers.means import Means
from services.linker.servers.probe import Target
from services.linker.servers.registry import Secrets
from services.linker.servers.store import ServerRow
from shared.errors import UnknownServerError
from shared.postgres.pool import Connection, snapshot, transaction
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

_OURS: Final = {"machine_identifier": "machine_id"}
"""What a column is called other than outside."""

_TO_TEST: Final = {"url", "token", "machine_identifier"}


class Handlers:
    """The linker's answers about Plex, Jellyfin and Emby servers."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def list_servers(self, question: ListServers) -> ServerPage:
        """Answer `GET /api/mediaservers`."""
        async with transaction(self._means.pool) as connection:
            rows, total = await store.page_of_servers(connection, limit=question.limit, offset=question.offset)
            items = [await self._shown(connection, row) for row in rows]
        return ServerPage(items, total, question.limit, question.offset)

    async def find_server(self, question: FindServer) -> Server:
        """Answer `GET /api/mediaservers/{name}`."""
        return await self._found(question.name)

    async def add_server(self, question: AddServer) -> Server:
        """Test and keep a new server."""
        row, token = await self._new(question)
        tested = rules.found_in(row, await self._test(row, token, machine_id=row.machine_id))
        await self._means.registry.add(
            tested, Secrets(token=token, suffix=self._opened_suffix(question.password_suffix))
        )
        return await self._found(row.name)

    async def try_server(self, question: TryServer) -> Server:
        """Test a server, and return it as it would be kept."""
        row, token = await self._new(question)
        tested = rules.found_in(row, await self._test(row, token, machine_id=row.machine_id))
        async with transaction(self._means.pool) as connection:
            await self._means.registry.must_be_new(connection, tested)
        return _server(tested, token=token, suffix=self._opened_suffix(question.password_suffix))

    async def change_server(self, question: ChangeServer) -> Server:
        """Change a server; test it first where its address or token is given."""
        row, token = await self._read(question.name)
        secrets = Secrets(
            token=UNSET if question.token is UNSET else self._means.sealer.unseal(question.token, purpose=TOKEN),
            suffix=UNSET if question.password_suffix is UNSET else self._opened_suffix(question.password_suffix),
        )
        changed = self._changed(row, question)
        if given(question).keys() & _TO_TEST:
            credential = token if secrets.token is UNSET else secrets.token
            changed = await self._tested(changed, credential, machine_id=_expected(row, question))
        await self._means.registry.replace(changed, secrets)
        return await self._found(row.name)

    async def remove_server(self, question: RemoveServer) -> RemovedServer:
        """Forget a server with its secrets."""
        dependents = await self._means.registry.remove(question.name, kinds=store.MEDIA)
        return RemovedServer(name=question.name, linked_accounts=dependents)

    async def test_server(self, question: TestServer) -> ServerTest:
        """Ask a server now, and say what works."""
        row, _ = await self._read(question.name)
        return _report(row.name, await self._means.inspector.look_for_somebody(row))

    async def servers_health(self, question: AskServersHealth) -> ServersHealth:  # noqa: ARG002 (it asks for all)
        """Say how all servers were when they were last looked at."""
        async with transaction(self._means.pool) as connection:
            rows = await store.watched_servers(connection)
        return ServersHealth([_health(row) for row in rows])

    async def _new(self, question: AddServer | TryServer) -> tuple[ServerRow, Secret]:
        row = rules.row_of(question.server, self._means.egress)
        async with transaction(self._means.pool) as connection:
            await self._means.registry.must_be_new(connection, row)
        return row, self._means.sealer.unseal(question.token, purpose=TOKEN)

    async def _read(self, name: str) -> tuple[ServerRow, Secret | None]:
        async with snapshot(self._means.pool) as connection:
            row = await store.find_server(connection, name)
            if row is None or row.type not in store.MEDIA:
                raise UnknownServerError(name)
            return row, await self._means.registry.token_of(connection, row)

    def _changed(self, row: ServerRow, question: ChangeServer) -> ServerRow:
        changes: dict[str, Any] = {
            _OURS.get(name, name): value
            for name, value in given(question).items()
            if name not in {"name", "token", "password_suffix"}
        }
        if "url" in changes:
            changes["url"] = rules.url_of(changes["url"], self._means.egress)
            if question.token is UNSET:
                rules.stays_for("token", changes["url"], before=row.url)
            elif changes["url"] != row.url:  # it may be another server
                changes.setdefault("machine_id", None)
        return msgspec.structs.replace(row, **changes, from_settings=False)

    async def _tested(self, changed: ServerRow, credential: Secret | None, *, machine_id: str | None) -> ServerRow:
        if credential is None:
            raise rules.refused("token", "the server's token is not there any more: send it too")
        return rules.found_in(changed, await self._test(changed, credential, machine_id=machine_id))

    async def _test(self, row: ServerRow, token: Secret, *, machine_id: str | None) -> Probe:
        return await self._means.inspector.test(
            Target(address=row.address, kind=row.type, credential=token, machine_id=machine_id)
        )

    def _opened_suffix(self, parcel: SealedSecret | None) -> Secret | None:
        return None if parcel is None else self._means.sealer.unseal(parcel, purpose=SUFFIX)

    async def _found(self, name: str) -> Server:
        async with transaction(self._means.pool) as connection:
            row = await store.find_server(connection, name)
            if row is None or row.type not in store.MEDIA:
                raise UnknownServerError(name)
            return await self._shown(connection, row)

    async def _shown(self, connection: Connection, row: ServerRow) -> Server:
        token = await self._means.registry.token_of(connection, row)
        suffix = await self._means.registry.suffix_of(connection, row)
        return _server(row, token=token, suffix=suffix)


def _expected(row: ServerRow, question: ChangeServer) -> str | None:
    """Return which server must answer: a token that was kept is for the same one only, a new one for any."""
    if question.token is not UNSET:
        return question.machine_identifier or None
    if question.machine_identifier and row.machine_id not in {None, question.machine_identifier}:
        raise rules.refused("token", "the token that is kept is sent to no other server: send it too")
    return question.machine_identifier or row.machine_id


def _server(row: ServerRow, *, token: Secret | None, suffix: Secret | None) -> Server:
    shared = {name: getattr(row, name) for name in Server.__struct_fields__ if name in ServerRow.__struct_fields__}
    return Server(
        **shared,
        machine_identifier=row.machine_id,
        token="…" if token is None else token.last_four(),
        password_suffix=None if suffix is None else suffix.last_four(),
    )


def _report(name: str, probe: Probe) -> ServerTest:
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
