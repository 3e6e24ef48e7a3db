"""Answers the questions about the one Seerr: its settings, and how it is, which it is asked each time."""

from typing import Final

import msgspec
import structlog
from msgspec import UNSET

from services.linker.servers import rules, store
from services.linker.servers.findings import Probe
from services.linker.servers.means import Means
from services.linker.servers.probe import Target
from services.linker.servers.registry import Secrets
from services.linker.servers.store import ServerRow
from shared.errors import NotFoundError, TransientError
from shared.postgres.pool import snapshot
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

NAME: Final = "Seerr"
_BESIDE: Final = frozenset({"api_key", "dry_run"})
"""What is said in a change that is no column."""

log = structlog.get_logger()


class SeerrHandlers:
    """The linker's answers about the connection to Seerr."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def show(self, question: ShowSeerr) -> SeerrConnection:  # noqa: ARG002 (there is one)
        """Answer `GET /api/seerr`."""
        row, _ = await self._read()
        if row is None:
            return SeerrConnection()
        return await self._shown(await self._requests(row) if row.enabled else None)

    async def change(self, question: ChangeSeerr) -> SeerrConnection:
        """Make or change the connection, or say how it would be; test it first where address or key is given."""
        row, kept = await self._read()
        key = kept if question.api_key is UNSET else self._means.sealer.unseal(question.api_key, purpose=TOKEN)
        before = row or _new(question)
        changed = self._changed(before, question)
        requests = None
        if key is None:
            raise rules.refused("api_key", "Seerr's API key is needed")
        if row is None or given(question).keys() & {"url", "api_key"}:
            probe = await self._test(changed, key)
            changed, requests = rules.found_in(changed, probe), probe.requests
        if question.dry_run:
            return _connection(changed, key, requests)
        secrets = Secrets(token=UNSET if question.api_key is UNSET else key)
        await (
            self._means.registry.add(changed, secrets)
            if row is None
            else self._means.registry.replace(changed, secrets)
        )
        return await self._shown(requests)

    async def remove(self, question: RemoveSeerr) -> RemovedSeerr:  # noqa: ARG002 (there is one)
        """Forget the connection and its key; who has which of its users is forgotten by jobs."""
        row, _ = await self._read()
        if row is None:
            raise NotFoundError("no Seerr is set up")
        return RemovedSeerr(url=row.url, people=await self._means.registry.remove(row.name, kinds=("seerr",)))

    def _changed(self, before: ServerRow, question: ChangeSeerr) -> ServerRow:
        changes = {name: value for name, value in given(question).items() if name not in _BESIDE}
        if "url" in changes:
            changes["url"] = rules.url_of(
                changes["url"].strip().rstrip("/").removesuffix("/api/v1"), self._means.egress
            )
            if question.api_key is UNSET and before.url:
                rules.stays_for("api_key", changes["url"], before=before.url)
        return msgspec.structs.replace(before, **changes, from_settings=False)

    async def _test(self, row: ServerRow, key: Secret) -> Probe:
        target = Target(address=row.address, kind="seerr", credential=key, import_problem=row.import_problem)
        return await self._means.inspector.test(target)

    async def _requests(self, row: ServerRow) -> SeerrRequests | None:
        try:
            return (await self._means.inspector.look_for_somebody(row)).requests
        except TransientError as exc:
            log.info("seerr_not_asked", reason=exc.detail)
            return None

    async def _read(self) -> tuple[ServerRow | None, Secret | None]:
        async with snapshot(self._means.pool) as connection:
            rows = await store.servers_of(connection, "seerr", only_enabled=False)
            row = rows[0] if rows else None
            return row, None if row is None else await self._means.registry.token_of(connection, row)

    async def _shown(self, requests: SeerrRequests | None) -> SeerrConnection:
        row, key = await self._read()
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


def _new(question: ChangeSeerr) -> ServerRow:
    if question.url is UNSET:
        raise rules.refused("url", "Seerr's address is needed")
    return ServerRow(name=NAME, type="seerr", url="")
