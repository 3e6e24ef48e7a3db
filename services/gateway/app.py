"""The application: all routes, who may call them, and what they all have in common."""

import msgspec
from litestar import Litestar, Router
from litestar.di import Provide
from litestar.types import ASGIApp

from services.gateway import problems
from services.gateway.api import (
    audit,
    auth,
    describe,
    events,
    health,
    history,
    integrations,
    keys,
    letters,
    mediaservers,
    people,
    plex,
    plex_servers,
    refused,
    seerr,
    stream,
    user_settings,
)
from services.gateway.api import webhook_secrets as secrets
from services.gateway.api.bounds import Bounds
from services.gateway.api.guards import Guard, caller, knows_query, reads_json, reads_only
from services.gateway.api.handlers import free
from services.gateway.api.tracing import traced
from services.gateway.discord.receiver import InteractionReceiver
from services.gateway.discord.routes import InteractionController
from services.gateway.edge import Edge
from services.gateway.forwarded import Forwarded, Network
from services.gateway.pages import done, home
from services.gateway.reference import page as reference
from services.gateway.refusals.noting import Note, noting
from services.gateway.subpath import Subpath
from services.gateway.webhooks import routes as webhooks
from services.gateway.webhooks.door import Door
from shared.telemetry import Tracer


class Routes(msgspec.Struct, frozen=True, kw_only=True):
    """What answers, by subject."""

    audit: audit.AuditRoutes
    auth: auth.AuthRoutes
    done: done.DonePage
    events: events.EventRoutes
    health: health.HealthRoutes
    history: history.HistoryRoutes
    integrations: integrations.IntegrationRoutes
    keys: keys.KeyRoutes
    letters: letters.LetterRoutes
    mediaservers: mediaservers.MediaServerRoutes
    people: people.PeopleRoutes
    plex: plex.PlexRoutes
    plex_servers: plex_servers.PlexServerRoutes
    refused: refused.RefusedRoutes
    secrets: secrets.SecretRoutes
    seerr: seerr.SeerrRoutes
    stream: stream.StreamRoutes
    user_settings: user_settings.UserSettingsRoutes


class Doors(msgspec.Struct, frozen=True):
    """What takes messages in, and what keeps whose webhooks it refuses."""

    webhooks: Door
    discord: InteractionReceiver
    refused: Note


def litestar(routes: Routes, doors: Doors, guard: Guard, tracer: Tracer, *, subpath: str) -> Litestar:
    """Return the application without its outermost layer."""
    return Litestar(
        route_handlers=[
            webhooks.router(doors.webhooks),
            InteractionController,
            health.open_router(routes.health),
            done.router(routes.done),
            home.router(subpath),
            _api(routes, guard, tracer),
        ],
        dependencies={"interactions": Provide(lambda: doors.discord, sync_to_thread=False)},
        exception_handlers=noting(problems.handlers(), doors.refused),
        openapi_config=reference.config(),
        logging_config=None,
    )


def application(
    routes: Routes, doors: Doors, guard: Guard, tracer: Tracer, *, subpath: str, proxies: tuple[Network, ...]
) -> ASGIApp:
    """Return the whole application, under a path of its host where there is one, behind proxies that are trusted."""
    inner = litestar(routes, doors, guard, tracer, subpath=subpath)
    return Subpath(Forwarded(Edge(inner), proxies), subpath, routes=[route.path for route in inner.routes])


def _api(routes: Routes, guard: Guard, tracer: Tracer) -> Router:
    unguarded = Router(
        "/", route_handlers=[auth.login_router(routes.auth)], guards=[free(guard.check_prepared), knows_query]
    )
    guarded = Router(
        "/",
        route_handlers=_guarded(routes),
        guards=[free(guard.check), reads_only, knows_query],
        dependencies={"caller": Provide(caller, sync_to_thread=False)},
        security=describe.SECURITY,
    )
    return Router(
        "/api",
        route_handlers=[unguarded, guarded],
        guards=[reads_json],
        middleware=[traced(tracer), Bounds],
    )


def _guarded(routes: Routes) -> list[Router]:
    return [
        audit.router(routes.audit),
        auth.router(routes.auth),
        stream.router(routes.stream),
        events.router(routes.events),
        health.router(routes.health),
        history.router(routes.history),
        integrations.router(routes.integrations),
        keys.router(routes.keys),
        letters.router(routes.letters),
        mediaservers.router(routes.mediaservers),
        people.router(routes.people),
        plex.router(routes.plex),
        plex_servers.router(routes.plex_servers),
        refused.router(routes.refused),
        secrets.router(routes.secrets),
        seerr.router(routes.seerr),
        user_settings.router(routes.user_settings),
    ]
