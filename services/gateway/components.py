"""The parts of a gateway, made once a process; routes ask for them by name, as in `ask: NamedDependency[Ask]`."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request
from litestar.di import NamedDependency, Provide

from services.gateway.access.audit import Audit
from services.gateway.access.authenticator import Authenticator
from services.gateway.access.caller import Caller
from services.gateway.access.change_password import ChangePassword
from services.gateway.access.login import Login
from services.gateway.access.login_attempts import LoginAttempts
from services.gateway.access.passwords import Passwords
from services.gateway.access.persons import Persons
from services.gateway.access.plex_login import PlexLogin
from services.gateway.access.stream_access import StreamAccess
from services.gateway.api.guards import AUDITS, CALLER
from services.gateway.ask import Ask
from services.gateway.dashboard.view import Dashboard
from services.gateway.discord.receiver import Application, InteractionReceiver
from services.gateway.events.feed import Feed
from services.gateway.health import HealthCheck
from services.gateway.readiness import Preparation, Readiness
from services.gateway.refusals.recorder import RefusalRecorder
from services.gateway.store.database import Database
from services.gateway.webhook_secrets.cache import SecretCache
from services.gateway.webhook_secrets.create_and_remove import WebhookSecrets
from services.gateway.webhooks.receiver import Receiver
from services.gateway.webhooks.recent_deliveries import RecentDeliveries
from shared.sealing import Sealer
from shared.telemetry import Tracer
from shared.vault import Vault


class Components(msgspec.Struct, frozen=True, kw_only=True):
    """Each field is a dependency of this name; `now` is called at each request."""

    ask: Ask
    authenticator: Authenticator
    change_password: ChangePassword
    dashboard: Dashboard
    database: Database
    discord: Application
    feed: Feed
    health: HealthCheck
    interactions: InteractionReceiver
    login: Login
    login_attempts: LoginAttempts
    now: Callable[[], datetime]
    passwords: Passwords
    persons: Persons
    plex_login: PlexLogin
    preparation: Preparation
    public_url: str
    readiness: Readiness
    receiver: Receiver
    recent: RecentDeliveries
    refusals: RefusalRecorder
    sealer: Sealer
    secret_cache: SecretCache
    stream_access: StreamAccess
    subpath: str
    tracer: Tracer
    vault: Vault
    webhook_secrets: WebhookSecrets


def provide(components: Components) -> dict[str, Provide]:
    """Return what every route may ask for."""
    held = {name: _held(getattr(components, name)) for name in components.__struct_fields__ if name != "now"}
    return {**held, "now": Provide(components.now, sync_to_thread=False)}


def provide_to_callers(now: Callable[[], datetime]) -> dict[str, Provide]:
    """Return what routes that need a credential may ask for besides."""

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
