"""Stores servers: the row, its token in the vault and the event about it are one transaction."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog
from msgspec import UNSET, UnsetType

from services.linker.servers import rules, store
from services.linker.servers.store import ServerRow, ServerStatus
from shared.bus.work import Work, Worker
from shared.errors import ConflictError, UnknownServerError
from shared.keyring import MissingKeyError, Owner, TamperedError
from shared.owners import server_password_suffix, server_token
from shared.postgres.pool import Connection
from shared.schemas.events import ServerChanged
from shared.schemas.identifiers import derived_id
from shared.schemas.media import Provider
from shared.schemas.secret import Secret
from shared.vault import Vault

CHECK_EVERY: Final = timedelta(minutes=5)

log = structlog.get_logger()


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """The secrets of a server. UNSET leaves what is stored; a suffix of None is removed."""

    token: Secret | UnsetType = UNSET
    suffix: Secret | UnsetType | None = UNSET


class Registry:
    """The only writer of servers' rows."""

    def __init__(self, worker: Worker, vault: Vault, *, now: Callable[[], datetime]) -> None:
        self._worker = worker
        self._vault = vault
        self._now = now

    async def add(self, server: ServerRow, secrets: Secrets) -> None:
        """Store a new server; raise `ConflictError` where its name is taken, or it is stored under another name."""
        async with self._worker.on_request() as work:
            await store.lock_servers(work.connection)
            await self.require_new(work.connection, server)
            await self.store_new(work, server, secrets)

    async def require_new(self, connection: Connection, server: ServerRow) -> None:
        """Raise `ConflictError` where a server is stored already."""
        if (taken := await store.find_name_like(connection, server.name)) is not None:
            raise ConflictError(f"there is a server {taken!r} already: change it, or choose another name")
        await self._require_no_twin(connection, server)

    async def store_new(self, work: Work, server: ServerRow, secrets: Secrets) -> None:
        """Store a server that passed `require_new`."""
        now = self._now()
        looked = None if server.reachable is None else now
        kept = msgspec.structs.replace(server, checked_at=looked)
        await store.add_server(work.connection, kept, check_at=now if looked is None else now + CHECK_EVERY)
        await self._store_secrets(work, server, secrets)
        self._publish_change(work, server)

    async def replace(self, server: ServerRow, secrets: Secrets) -> None:
        """Store a changed server; `server.revision` is the one that was read and changed.

        Raises `ConflictError` where somebody else changed it first, or it is stored under another name.
        """
        async with self._worker.on_request() as work:
            await store.lock_servers(work.connection)
            before = await store.find_server(work.connection, server.name)
            if before is None:
                raise UnknownServerError(server.name)
            rules.require_revision(before, revision=server.revision)
            await self._require_no_twin(work.connection, server)
            await self.store_changed(work, server, secrets)

    async def store_changed(self, work: Work, server: ServerRow, secrets: Secrets) -> None:
        """Replace a row, which the caller has locked."""
        await store.replace_server(work.connection, server, check_at=self._now())
        await self._store_secrets(work, server, secrets)
        self._publish_change(work, server)

    async def remove(self, name: str, *, kinds: tuple[Provider, ...]) -> int:
        """Remove a server and its secrets; return how many accounts or persons depended on it."""
        async with self._worker.on_request() as work:
            await store.lock_servers(work.connection)
            server = await store.find_server(work.connection, name)
            if server is None or server.type not in kinds:
                raise UnknownServerError(name)
            dependents = await store.count_dependents(work.connection, server)
            await store.remove_server(work.connection, name)
            await self._vault.remove(server_token(name, type=server.type), on=work.connection)
            await self._vault.remove(server_password_suffix(name, type=server.type), on=work.connection)
            self._publish_change(work, server, is_removed=True)
        return dependents

    async def note_status(self, server: ServerRow, status: ServerStatus) -> None:
        """Store what a check found, unless the server was changed in the meantime."""
        async with self._worker.on_request() as work:
            is_learned = server.machine_id is None and status.machine_id is not None
            if is_learned:
                await store.lock_servers(work.connection)
                status = await self._without_twin(work.connection, server, status)
            is_noted = await store.note_status(work.connection, server, status, at=self._now())
            if is_noted and is_learned and status.machine_id is not None:
                self._publish_change(work, server)

    async def token_of(self, connection: Connection, server: ServerRow) -> Secret | None:
        """Return a server's token; None where none can be decrypted."""
        return await self._open_secret(connection, server_token(server.name, type=server.type))

    async def suffix_of(self, connection: Connection, server: ServerRow) -> Secret | None:
        """Return a server's password suffix; None where none can be decrypted."""
        return await self._open_secret(connection, server_password_suffix(server.name, type=server.type))

    async def _open_secret(self, connection: Connection, owner: Owner) -> Secret | None:
        try:
            return await self._vault.get(owner, on=connection)
        except (MissingKeyError, TamperedError) as exc:
            log.warning("credential_does_not_open", owner=str(owner), reason=exc.detail)
            return None

    async def _require_no_twin(self, connection: Connection, server: ServerRow) -> None:
        twin = await store.twin_of(connection, server.type, machine_id=server.machine_id, name=server.name)
        if twin is not None:
            raise ConflictError(f"this server is configured already, as {twin!r}")

    async def _without_twin(self, connection: Connection, server: ServerRow, status: ServerStatus) -> ServerStatus:
        twin = await store.twin_of(connection, server.type, machine_id=status.machine_id, name=server.name)
        if twin is None:
            return status
        problem = f"it is the same server as {twin!r}: remove one of the two"
        return msgspec.structs.replace(status, machine_id=None, problem=problem)

    async def _store_secrets(self, work: Work, server: ServerRow, secrets: Secrets) -> None:
        if secrets.token is not UNSET:
            await self._vault.put(server_token(server.name, type=server.type), secrets.token, on=work.connection)
        owner = server_password_suffix(server.name, type=server.type)
        if secrets.suffix is None:
            await self._vault.remove(owner, on=work.connection)
        elif secrets.suffix is not UNSET:
            await self._vault.put(owner, secrets.suffix, on=work.connection)

    def _publish_change(self, work: Work, server: ServerRow, *, is_removed: bool = False) -> None:
        now = self._now()
        event_id = derived_id("server.changed", server.name, server.revision, str(is_removed), now)
        work.publish(ServerChanged(id=event_id, occurred_at=now, name=server.name, is_removed=is_removed))
