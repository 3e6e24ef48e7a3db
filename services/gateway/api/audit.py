"""`/api/audit`: who changed what."""

from datetime import UTC, datetime
from typing import Final

from litestar import Controller, get
from litestar.di import NamedDependency

from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.page import Limit, Offset, Since, Until, Word, moment
from services.gateway.store import audit
from services.gateway.store.audit import AuditEntry, AuditFilter, AuditPage
from services.gateway.store.database import Database

_ENTRY: Final = AuditEntry(
    at=datetime(2026, 1, 31, 18, 0, tzinfo=UTC),
    actor="admin",
    address="192.168.1.20",
    action="key.created",
    object="key home assistant",
)


class AuditController(Controller):
    """The audit."""

    path, tags = "/audit", ("audit",)

    @get("/", summary="Who changed what", opt=needs("admin"), responses=describe.shows(AuditPage([_ENTRY], 1, 50, 0)))
    async def list_entries(
        self,
        database: NamedDependency[Database],
        actor: Word = None,
        action: Word = None,
        since: Since = None,
        until: Until = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> AuditPage:
        """List what was done, newest first."""
        wanted = AuditFilter(
            actor=actor,
            action=action,
            since=moment(since, name="since"),
            until=moment(until, name="until"),
            limit=limit,
            offset=offset,
        )
        return await audit.page_of_audit(database.pool, wanted)
