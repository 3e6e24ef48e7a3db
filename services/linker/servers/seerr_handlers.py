"""Answers questions about the connection to Seerr: its settings, and its state, which is read each time."""

from typing import Final

import msgspec
import structlog
from msgspec import UNSET

from services.linker.servers import rules, store
from services.linker.servers.checks import ServerChecker
from services.linker.servers.probe import Target
from services.linker.servers.probe_results import ProbeResult
from services.linker.servers.registry import Registry, Secrets
from services.linker.servers.store import ServerRow
from shared.errors import NotFoundError, TransientError
from shared.http.egress import Egress
from shared.postgres.pool import Pool, snapshot
from shared.schemas.secret import Secret
from shared.schemas.servers import (
    TOKEN,
    ChangeSeerr,
    RemovedSeerr,
    RemoveSeerr,
    SeerrConnection,
    SeerrRequests,
    ShowSeerr,
    given,
)
from shared.sealing import Sealer

NAME: Final = "Seerr"
_NO_COLUMNS: Final = frozenset({"api_key", "dry_run"})
"""Fields of a change that are not columns."""

log = structlog.get_logger()


class SeerrHandlers:
    """The linker's answers about the connection to Seerr."""

    def __init__(
        self, *, registry: Registry, checker: ServerChecker, sealer: Sealer, egress: Egress, pool: Pool
    ) -> None:
        self._registry = registry
        self._checker = checker
        self._sealer = sealer
        self._egress = egress
        self._pool = pool

    async def show(self, question: ShowSeerr) -> SeerrConnection:  # noqa: ARG002 (there is one)
        """Answer `GET /api/seerr`."""
        row, _ = await self._load()
        if row is None:
            return SeerrConnection()
        return await self._show(await self._requests(row) if row.enabled else None)

    async def change(self, question: ChangeSeerr) -> SeerrConnection:
        """Create or change the connection, or show how it would be; test a new address or key first."""
        row, kept = await self._load()
        key = kept if question.api_key is UNSET else self._sealer.unseal(question.api_key, purpose=TOKEN)
        before = row or _new_row(question)
        changed = self._apply_changes(before, question)
        requests = None
        if key is None:
            raise rules.field_error("api_key", "Seerr's API key is needed")
        if row is None or given(question).keys() & {"url", "api_key"}:
            probe = await self._test(changed, key)
            changed, requests = rules.with_result(changed, probe), probe.requests
        if question.dry_run:
            return _connection(changed, key, requests)
        secrets = Secrets(token=UNSET if question.api_key is UNSET else key)
        await (self._registry.add(changed, secrets) if row is None else self._registry.replace(changed, secrets))
        return await self._show(requests)

    async def remove(self, question: RemoveSeerr) -> RemovedSeerr:  # noqa: ARG002 (there is one)
        """Remove the connection and its key; jobs then remove who has which of its users."""
        row, _ = await self._load()
        if row is None:
            raise NotFoundError("no Seerr is set up")
        return RemovedSeerr(url=row.url, people=await self._registry.remove(row.name, kinds=("seerr",)))

    def _apply_changes(self, before: ServerRow, question: ChangeSeerr) -> ServerRow:
        changes = {name: value for name, value in given(question).items() if name not in _NO_COLUMNS}
        if "url" in changes:
            changes["url"] = rules.url_of(changes["url"].strip().rstrip("/").removesuffix("/api/v1"), self._egress)
            if question.api_key is UNSET and before.url:
                rules.require_same_origin("api_key", changes["url"], before=before.url)
        return msgspec.structs.replace(before, **changes, from_settings=False)

    async def _test(self, row: ServerRow, key: Secret) -> ProbeResult:
        target = Target(address=row.address, kind="seerr", credential=key, import_problem=row.import_problem)
        return await self._checker.test(target)

    async def _requests(self, row: ServerRow) -> SeerrRequests | None:
        try:
            return (await self._checker.check_on_request(row)).requests
        except TransientError as exc:
            log.info("seerr_not_asked", reason=exc.detail)
            return None

    async def _load(self) -> tuple[ServerRow | None, Secret | None]:
        async with snapshot(self._pool) as connection:
            rows = await store.servers_of(connection, "seerr", only_enabled=False)
            row = rows[0] if rows else None
            return row, None if row is None else await self._registry.token_of(connection, row)

    async def _show(self, requests: SeerrRequests | None) -> SeerrConnection:
        row, key = await self._load()
        return SeerrConnection() if row is None else _connection(row, key, requests)


def _connection(row: ServerRow, key: Secret | None, requests: SeerrRequests | None) -> SeerrConnection:
    return SeerrConnection(
        url=row.url,
        enabled=row.enabled,
        api_key="…" if key is None else key.last_four(),
        gives_token=row.gives_token,
        reachable=row.reachable,
        version=row.version,
        dialect=row.dialect,
        user_count=row.user_count,
        requests=requests,
        problem=row.problem,
        checked_at=row.checked_at,
    )


def _new_row(question: ChangeSeerr) -> ServerRow:
    if question.url is UNSET:
        raise rules.field_error("url", "Seerr's address is needed")
    return ServerRow(name=NAME, type="seerr", url="")
