"""`/api/webhooks/refused`: senders whose webhooks were refused on the last day, and how to mend them."""

from datetime import UTC, datetime
from typing import Final

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency

from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.page import Limit, Offset
from services.gateway.refusals import reasons
from services.gateway.refusals.reasons import Reason
from services.gateway.refusals.recorder import RefusalRecorder
from services.gateway.refusals.refused_senders import OTHERS, RefusedSender
from services.gateway.store import refusals as store
from services.gateway.store.database import Database


class RefusedItem(msgspec.Struct, frozen=True, kw_only=True):
    """A sender and what is wrong with it. `address` is null for all those that are too many to be told apart."""

    source: str
    address: str | None
    reason: Reason
    text: str
    mend: str
    count: int
    first_at: datetime
    last_at: datetime


class RefusedPage(msgspec.Struct, frozen=True):
    """A page of senders, the last refused first."""

    items: list[RefusedItem]
    total: int
    limit: int
    offset: int


_ITEM: Final = RefusedItem(
    source="seerr",
    address="192.168.1.20",
    reason="method",
    text="it uses GET",
    mend="set the sender's method to POST",
    count=12,
    first_at=datetime(2026, 1, 31, 9, 0, tzinfo=UTC),
    last_at=datetime(2026, 1, 31, 18, 0, tzinfo=UTC),
)


class RefusedController(Controller):
    """Refused senders."""

    path, tags = "/webhooks/refused", ("webhooks",)

    @get(
        "/",
        summary="List senders that were refused",
        opt=needs("read"),
        responses=describe.shows(RefusedPage([_ITEM], 1, 50, 0)),
    )
    async def list_refused(
        self,
        refusals: NamedDependency[RefusalRecorder],
        database: NamedDependency[Database],
        now: NamedDependency[datetime],
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> RefusedPage:
        """List who was refused on the last day; what other gateways refused comes up to ten seconds later."""
        await refusals.write_if_possible()  # on a full disk Postgres still reads
        found, total = await store.page_of_refused(database.pool, now=now, limit=limit, offset=offset)
        return RefusedPage([_item(each) for each in found], total, limit, offset)


def _item(sender: RefusedSender) -> RefusedItem:
    return RefusedItem(
        source=sender.source,
        address=None if sender.address == OTHERS else sender.address,
        reason=sender.reason,
        text=reasons.text(sender.reason, sender.detail),
        mend=reasons.mend(sender.reason),
        count=sender.count,
        first_at=sender.first_at,
        last_at=sender.last_at,
    )
