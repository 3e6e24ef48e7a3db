"""Makes the application out of the open parts: the one place that knows which route needs what."""

from collections.abc import Callable
from datetime import datetime

import msgspec
from litestar.types import ASGIApp

from services.gateway import app
from services.gateway.access.account import Account
from services.gateway.access.doorman import Doorman
from services.gateway.access.login import Login
from services.gateway.access.passwords import Passwords
from services.gateway.access.refresh import Refresh
from services.gateway.access.tries import Tries
from services.gateway.access.watching import Watching
from services.gateway.access.webhook_secrets import WebhookSecrets
from services.gateway.api.audit import AuditRoutes
from services.gateway.api.auth import AuthRoutes
from services.gateway.api.events import EventRoutes
from services.gateway.api.guards import Guard
from services.gateway.api.health import HealthRoutes
from services.gateway.api.history import HistoryRoutes
from services.gateway.api.integrations import IntegrationRoutes
from services.gateway.api.keys import KeyRoutes
from services.gateway.api.letters import LetterRoutes
from services.gateway.api.mediaservers import MediaServerRoutes
from services.gateway.api.people import PeopleRoutes
from services.gateway.api.plex import PlexRoutes
from services.gateway.api.plex_servers import PlexServerRoutes
from services.gateway.api.refused import RefusedRoutes
from services.gateway.api.seerr import SeerrRoutes
from services.gateway.api.stream import StreamRoutes
from services.gateway.api.user_settings import UserSettingsRoutes
from services.gateway.api.webhook_secrets import SecretRoutes
from services.gateway.discord.application import Application
from services.gateway.discord.door import Door as DiscordDoor
from services.gateway.discord.suggestions import Suggestions
from services.gateway.events.feed import Feed
from services.gateway.forwarded import Network
from services.gateway.metrics import Counted
from services.gateway.pages.done import DonePage
from services.gateway.readiness import Preparation, Readiness
from services.gateway.refusals.register import Register
from services.gateway.spool.hedge import Hedge
from services.gateway.spool.outcomes import Outcomes
from services.gateway.spool.spool import Spool
from services.gateway.webhooks.door import Door
from services.gateway.webhooks.recent import Recent
from shared.courier import Courier
from shared.runtime import Parts


class Wires(msgspec.Struct, frozen=True, kw_only=True):
    """What the application shares with the rest of the process."""

    courier: Courier
    discord: Application
    feed: Feed
    hedge: Hedge
    outcomes: Outcomes
    passwords: Passwords
    preparation: Preparation
    readiness: Readiness
    recent: Recent
    refresh: Refresh
    refused: Register
    spool: Spool | None
    subpath: str
    proxies: tuple[Network, ...]
    tries: Tries
    watching: Watching
    webhook_secrets: WebhookSecrets


def application(parts: Parts, wires: Wires, *, now: Callable[[], datetime]) -> ASGIApp:
    """Return the whole application."""
    bus, pool, worker = parts.bus, parts.pool, parts.worker
    login = Login(pool, wires.passwords, wires.tries, now=now)
    account = Account(login, wires.passwords, worker, wires.watching, now=now)
    routes = app.Routes(
        audit=AuditRoutes(pool),
        auth=AuthRoutes(login, account, pool, worker, wires.watching, now=now),
        done=DonePage(bus),
        events=EventRoutes(pool, worker, now=now),
        health=HealthRoutes(bus, pool, wires.spool, wires.readiness),
        history=HistoryRoutes(bus),
        integrations=IntegrationRoutes(bus, pool, wires.courier, now=now),
        keys=KeyRoutes(pool, worker, wires.watching, now=now),
        letters=LetterRoutes(pool, worker, now=now),
        mediaservers=MediaServerRoutes(bus, pool, wires.courier, now=now),
        people=PeopleRoutes(bus, pool, now=now),
        plex=PlexRoutes(bus),
        plex_servers=PlexServerRoutes(bus, wires.courier),
        refused=RefusedRoutes(wires.refused, pool, now=now),
        secrets=SecretRoutes(wires.webhook_secrets),
        seerr=SeerrRoutes(bus, pool, wires.courier, now=now),
        stream=StreamRoutes(wires.feed, wires.watching),
        user_settings=UserSettingsRoutes(bus, pool, wires.courier, now=now),
    )
    storage = Counted(wires.hedge, wires.outcomes)
    doors = app.Doors(
        webhooks=Door(wires.refresh, storage, recent=wires.recent),
        discord=DiscordDoor(wires.discord, storage, wires.courier, Suggestions(bus)),
        refused=wires.refused.note,
    )
    guard = Guard(Doorman(pool, now=now), wires.preparation)
    return app.application(routes, doors, guard, parts.tracer, subpath=wires.subpath, proxies=wires.proxies)
