"""The application: all routes, who may call them, and what they all have in common."""

from collections.abc import Sequence
from typing import Final

from litestar import Controller, Litestar, Router
from litestar.exceptions import NotFoundException
from litestar.types import ASGIApp, ExceptionHandlersMap, Guard, Middleware

from services.gateway import problems
from services.gateway.api import describe
from services.gateway.api.audit import AuditController
from services.gateway.api.auth import LoginController, SessionController
from services.gateway.api.bounds import Bounds
from services.gateway.api.dead_letters import DeadLetterController
from services.gateway.api.discord import DiscordController
from services.gateway.api.events import EventController
from services.gateway.api.guards import knows_query, reads_json, reads_only, requires_preparation, requires_scope
from services.gateway.api.health import HealthController, ProbeController
from services.gateway.api.history import HistoryController
from services.gateway.api.integrations import IntegrationController
from services.gateway.api.keys import KeyController
from services.gateway.api.mediaservers import MediaServerController
from services.gateway.api.people import PeopleController
from services.gateway.api.person_export import PersonExportController
from services.gateway.api.plex import PlexController
from services.gateway.api.plex_login import PlexLoginController
from services.gateway.api.plex_servers import PlexServerController
from services.gateway.api.plex_webhooks import PlexWebhookController
from services.gateway.api.refused import RefusedController
from services.gateway.api.runs import RunController
from services.gateway.api.seerr import SeerrController
from services.gateway.api.stream import StreamController
from services.gateway.api.sync import SyncController
from services.gateway.api.tracing import trace_calls
from services.gateway.api.user_settings import UserSettingsController
from services.gateway.api.webhook_secrets import WebhookSecretController
from services.gateway.components import Components, provide, provide_to_callers
from services.gateway.dashboard import error_pages
from services.gateway.dashboard import router as dashboard
from services.gateway.dashboard.on_demand import OnDemand
from services.gateway.discord.routes import InteractionController
from services.gateway.edge import Edge
from services.gateway.forwarded import ForwardedAddress, Network
from services.gateway.pages.done import DoneController
from services.gateway.reference import page as reference
from services.gateway.refusals.exception_handlers import record_refusals
from services.gateway.subpath import Subpath
from services.gateway.webhooks.routes import WebhookController

PUBLIC: Final[Sequence[type[Controller]]] = (
    WebhookController,
    InteractionController,
    ProbeController,
    DoneController,
)
OPEN: Final[Sequence[type[Controller]]] = (LoginController, PlexLoginController)
"""The part of the API that needs no credential."""
API: Final[Sequence[type[Controller]]] = (
    AuditController,
    SessionController,
    StreamController,
    EventController,
    DiscordController,
    HealthController,
    HistoryController,
    IntegrationController,
    KeyController,
    DeadLetterController,
    MediaServerController,
    PeopleController,
    PersonExportController,
    PlexController,
    PlexServerController,
    PlexWebhookController,
    RefusedController,
    RunController,
    SyncController,
    WebhookSecretController,
    SeerrController,
    UserSettingsController,
)
"""All need a credential. A new route's controller goes here."""


def litestar(components: Components) -> Litestar:
    """Return the application without its outermost layer."""
    return Litestar(
        route_handlers=[*PUBLIC, *_api(components)],
        dependencies=provide(components),
        exception_handlers=record_refusals(_exception_handlers(components), components.refusals.record),
        openapi_config=reference.config(),
        logging_config=None,
    )


def application(components: Components, *, proxies: tuple[Network, ...]) -> ASGIApp:
    """Return the whole application, under a path of its host where there is one, behind proxies that are trusted."""
    api = litestar(components)
    whole = OnDemand(api, dashboard.PREFIXES, lambda: _pages(components, api))
    routes = [*(route.path for route in api.routes), *(f"/{prefix}" for prefix in dashboard.PREFIXES if prefix)]
    return Subpath(ForwardedAddress(Edge(whole), proxies), components.subpath, routes=routes)


def _exception_handlers(components: Components) -> ExceptionHandlersMap:
    not_found = error_pages.not_found(components.dashboard, otherwise=problems.on_http)
    return {**problems.handlers(), NotFoundException: not_found}


def _pages(components: Components, api: ASGIApp) -> ASGIApp:
    return dashboard.pages(
        components.dashboard,
        api,
        dependencies=provide(components),
        authenticator=components.authenticator,
        preparation=components.preparation,
        tracer=components.tracer,
    )


def _api(components: Components) -> list[Router]:
    """Return the routes that need no credential, and those that need one: no router in a router, which costs memory."""
    common: list[Guard] = [reads_json, requires_preparation(components.preparation)]
    middleware: list[Middleware] = [trace_calls(components.tracer), Bounds]
    return [
        Router("/api", route_handlers=OPEN, guards=[*common, knows_query], middleware=middleware),
        Router(
            "/api",
            route_handlers=API,
            guards=[*common, requires_scope(components.authenticator), reads_only, knows_query],
            dependencies=provide_to_callers(components.now),
            middleware=middleware,
            security=describe.SECURITY,
        ),
    ]
