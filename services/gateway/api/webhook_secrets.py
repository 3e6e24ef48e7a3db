"""`/api/webhooks/secrets`: the secrets that webhooks need, and the addresses to copy into media servers."""

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body
from msgspec import Meta

from services.gateway.access.audit import Audit
from services.gateway.access.caller import Caller
from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.page import NOT_BLANK, Id, Limit, Offset
from services.gateway.store.webhook_secrets import WebhookSecret
from services.gateway.webhook_secrets.create_and_remove import Address, WebhookSecrets
from shared.schemas.webhook_senders import Source


class WantedSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose secret? Null: of every source, or of no server in particular."""

    source: Source | None = None
    server: Annotated[str, Meta(min_length=1, max_length=100, pattern=NOT_BLANK)] | None = None


class SecretItem(msgspec.Struct, frozen=True, kw_only=True):
    """A valid secret. `addresses` hold it, and are there for callers with the scope `admin` only."""

    id: str
    source: Source | None
    server: str | None
    created_at: datetime
    addresses: list[Address] | None


class SecretPage(msgspec.Struct, frozen=True):
    """A page of secrets, the oldest first."""

    items: list[SecretItem]
    total: int
    limit: int
    offset: int


_WANTED: Final = Body(examples=[Example(value={"source": "plex", "server": "living room"})])
_ITEM: Final = SecretItem(
    id="8p1v…",
    source="plex",
    server="living room",
    created_at=datetime(2026, 1, 31, 18, 0, tzinfo=UTC),
    addresses=[Address("plex", "http://192.168.1.10:8000/webhooks/plex?token=ushw_nHo5…")],
)


class WebhookSecretController(Controller):
    """Webhook secrets."""

    path, tags = "/webhooks/secrets", ("webhooks",)

    @get(
        "/", summary="List webhook secrets", opt=needs("read"), responses=describe.shows(SecretPage([_ITEM], 1, 50, 0))
    )
    async def list_secrets(
        self,
        caller: NamedDependency[Caller],
        webhook_secrets: NamedDependency[WebhookSecrets],
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> SecretPage:
        """List the secrets."""
        found, total = await webhook_secrets.page(limit=limit, offset=offset)
        is_admin = caller.may("admin")
        items = [_item(each, await webhook_secrets.addresses(each) if is_admin else None) for each in found]
        return SecretPage(items, total, limit, offset)

    @post(
        "/",
        summary="Make a webhook secret",
        opt=needs("admin", audits="webhook_secret.created"),
        responses=describe.shows(_ITEM, status=201) | describe.WITH_BODY | describe.CONFLICT,
    )
    async def create_secret(
        self,
        webhook_secrets: NamedDependency[WebhookSecrets],
        audit: NamedDependency[Audit],
        data: Annotated[WantedSecret, _WANTED],
    ) -> SecretItem:
        """Make a secret, valid beside the others: here at once, on other replicas within moments."""
        secret, token = await webhook_secrets.create(source=data.source, server=data.server, audit=audit)
        return _item(secret, webhook_secrets.addresses_with(token, secret.source))

    @delete(
        "/{secret_id:str}",
        summary="Delete a webhook secret",
        opt=needs("admin", audits="webhook_secret.deleted"),
        responses=describe.WITH_ID,
    )
    async def delete_secret(
        self, webhook_secrets: NamedDependency[WebhookSecrets], audit: NamedDependency[Audit], secret_id: Id
    ) -> None:
        """Make a secret invalid: here at once, on other replicas within moments."""
        await webhook_secrets.remove(secret_id, audit=audit)


def _item(secret: WebhookSecret, addresses: list[Address] | None) -> SecretItem:
    return SecretItem(
        id=secret.id, source=secret.source, server=secret.server, created_at=secret.created_at, addresses=addresses
    )
