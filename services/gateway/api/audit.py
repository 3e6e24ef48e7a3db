"""`/api/audit`: who changed what."""

from datetime import UTC, datetime
from typing import Final

from litestar import Router, get

from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.api.handlers import free
from services.gateway.page import Limit, Offset, Since, Until, Word, moment
from services.gateway.store import audit
from services.gateway.store.audit import AuditEntry, AuditFilter, AuditPage
from shared.postgres.pool import Pool

_ENTRY: Final = AuditEntry(
    at=datetime(2026, 1, 31, 18, 0, tzinfo=UTC),
    actor="admin",
    address="192.168.1.20",
    action="key.created",
    object="key home assistant",
)


class AuditRoutes:
    """The audit."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(
        self,
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
        return await audit.page_of_audit(self._pool, wanted)


def router(routes: AuditRoutes) -> Router:
    """Return the route."""
    page = get(
        "/", summary="Who changed what", opt=needs("admin"), responses=describe.shows(AuditPage([_ENTRY], 1, 50, 0))
    )
    return Router("/audit", route_handlers=[page(free(routes.page))], tags=["audit"])
