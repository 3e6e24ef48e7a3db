"""What routes may ask for by the name of a parameter, made once a process: `ask: NamedDependency[Ask]`."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request
from litestar.di import NamedDependency, Provide

from services.gateway.access.audit import Audit
from services.gateway.access.caller import Caller
from services.gateway.access.change_password import ChangePassword
from services.gateway.access.login import Login
from services.gateway.access.persons import Persons
from services.gateway.access.stream_access import StreamAccess
from services.gateway.access.webhook_secrets import WebhookSecrets
from services.gateway.api.guards import AUDITS, CALLER
from services.gateway.ask import Ask
from services.gateway.events.feed import Feed
from services.gateway.health import HealthCheck
from services.gateway.readiness import Readiness
from services.gateway.refusals.register import Register
from services.gateway.store.database import Database
from services.gateway.webhooks.receiver import Receiver
from shared.sealing import Sealer


class Dependencies(msgspec.Struct, frozen=True, kw_only=True):
    """Each field is a dependency of this name; `now` is called for each request."""

    ask: Ask
    change_password: ChangePassword
    sealer: Sealer
    database: Database
    feed: Feed
    health: HealthCheck
    login: Login
    now: Callable[[], datetime]
    persons: Persons
    readiness: Readiness
    receiver: Receiver
    refusals: Register
    stream_access: StreamAccess
    subpath: str
    webhook_secrets: WebhookSecrets


def provided(dependencies: Dependencies) -> dict[str, Provide]:
    """Return what every route may ask for."""
    held = {name: _held(getattr(dependencies, name)) for name in dependencies.__struct_fields__ if name != "now"}
    return {**held, "now": Provide(dependencies.now, sync_to_thread=False)}


def provided_to_callers(now: Callable[[], datetime]) -> dict[str, Provide]:
    """Return what routes with a caller may ask for besides."""

    def caller(request: Request[Any, Any, Any]) -> Caller:
        found: Caller = request.scope["state"][CALLER]
        return found

    def audit(
        request: Request[Any, Any, Any], caller: NamedDependency[Caller], database: NamedDependency[Database]
    ) -> Audit:
        return Audit(caller, request.route_handler.opt[AUDITS], database.pool, now)

    return {"caller": Provide(caller, sync_to_thread=False), "audit": Provide(audit, sync_to_thread=False)}


def _held(value: object) -> Provide:
    """Return a provider of what is there already: a function, because Litestar copies everything else deeply."""
    return Provide(lambda: value, sync_to_thread=False)
