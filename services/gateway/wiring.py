"""Makes the parts of a gateway and puts them together."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from litestar.types import ASGIApp

from services.gateway import app
from services.gateway.access.authenticator import Authenticator
from services.gateway.access.change_password import ChangePassword
from services.gateway.access.login import Login
from services.gateway.access.passwords import Passwords
from services.gateway.access.persons import Persons
from services.gateway.access.refresh import Refresh
from services.gateway.access.stream_access import StreamAccess
from services.gateway.access.tries import Tries
from services.gateway.access.webhook_secrets import WebhookSecrets
from services.gateway.app import Access
from services.gateway.ask import Ask
from services.gateway.bootstrap import Bootstrap
from services.gateway.dependencies import Dependencies
from services.gateway.discord.application import Application
from services.gateway.discord.door import Door
from services.gateway.discord.suggestions import Suggestions
from services.gateway.events.feed import Feed
from services.gateway.events.handlers import EventLog
from services.gateway.forwarded import networks
from services.gateway.health import HealthCheck
from services.gateway.metrics import Counted
from services.gateway.readiness import Preparation, Readiness
from services.gateway.refusals.register import Register
from services.gateway.settings import Settings
from services.gateway.spool.hedge import Hedge, NoShelf
from services.gateway.spool.outcomes import Outcomes
from services.gateway.spool.spool import Spool
from services.gateway.startup import Startup
from services.gateway.store.database import Database
from services.gateway.subpath import subpath_of
from services.gateway.webhooks.receiver import Receiver
from services.gateway.webhooks.recent import Recent
from shared.bus import streams
from shared.clock import SteadyClock
from shared.keyring import Keyring
from shared.runtime import Parts, Service
from shared.sealing import Sealer
from shared.vault import Vault

_LOG_WORKERS: Final = 64
"""Handlers of the event log at once: so many rows can go into one statement."""
_REMEMBERED_SECRETS: Final = "webhook-secrets.json"


class Components(msgspec.Struct, frozen=True, kw_only=True):
    """What the application and the work in the background share."""

    sealer: Sealer
    feed: Feed
    hedge: Hedge
    outcomes: Outcomes
    passwords: Passwords
    preparation: Preparation
    readiness: Readiness
    recent: Recent
    refresh: Refresh
    refusals: Register
    spool: Spool | None
    stream_access: StreamAccess
    tries: Tries
    vault: Vault
    webhook_secrets: WebhookSecrets


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


def components(config: Settings, parts: Parts, spool: Spool | None, passwords: Passwords) -> Components:
    """Make them all."""
    keyring = Keyring.parse(config.usher_encryption_keys)
    vault = Vault(parts.pool, keyring)
    outcomes = Outcomes()
    refresh = Refresh(parts.pool, kept_in=Path(config.usher_data_dir) / _REMEMBERED_SECRETS)
    return Components(
        sealer=Sealer(keyring),
        feed=Feed(),
        hedge=Hedge(parts.bus, spool or NoShelf()),
        outcomes=outcomes,
        passwords=passwords,
        preparation=Preparation(),
        readiness=Readiness(parts.bus, spool, config.spool_folder, refresh, outcomes),
        recent=Recent(),
        refresh=refresh,
        refusals=Register(parts.pool, now=now),
        spool=spool,
        stream_access=StreamAccess(parts.pool, now=now),
        tries=Tries(parts.pool, SteadyClock()),
        vault=vault,
        webhook_secrets=WebhookSecrets(
            parts.worker, parts.pool, vault, refresh=refresh, now=now, public_url=config.public_url
        ),
    )


def application(config: Settings, parts: Parts, made: Components) -> ASGIApp:
    """Return the application."""
    ask, storage = Ask(parts.bus), Counted(made.hedge, made.outcomes)
    database = Database(parts.pool, parts.worker)
    persons = Persons(ask)
    login = Login(parts.pool, made.passwords, made.tries, now=now)
    dependencies = Dependencies(
        ask=ask,
        change_password=ChangePassword(login, made.passwords, database, made.stream_access),
        sealer=made.sealer,
        database=database,
        feed=made.feed,
        health=HealthCheck(ask, parts.bus, parts.pool, made.spool, made.readiness),
        login=login,
        now=now,
        persons=persons,
        readiness=made.readiness,
        receiver=Receiver(made.refresh, storage, recent=made.recent),
        refusals=made.refusals,
        stream_access=made.stream_access,
        subpath=subpath_of(config.public_url),
        webhook_secrets=made.webhook_secrets,
    )
    access = Access(
        authenticator=Authenticator(parts.pool, persons, now=now),
        discord=Door(_discord(config), storage, made.sealer, Suggestions(parts.bus)),
        preparation=made.preparation,
        tracer=parts.tracer,
    )
    return app.application(dependencies, access, proxies=networks(config.usher_trusted_proxies))


def startup(config: Settings, parts: Parts, made: Components) -> Startup:
    """Return what is done before the gateway answers questions."""
    return Startup(
        config,
        parts.pool,
        vault=made.vault,
        bootstrap=Bootstrap(parts.worker, made.passwords, made.webhook_secrets, now=now),
        refresh=made.refresh,
        preparation=made.preparation,
    )


def service(parts: Parts, made: Components) -> Service:
    """Return the consumers of the event log."""
    service, events = Service(parts), EventLog(parts.pool, is_busy=lambda: made.hedge.is_busy)
    service.consume(streams.GATEWAY_WEBHOOKS, events.note_webhook, workers=_LOG_WORKERS)
    service.consume(streams.GATEWAY_OUTCOMES, events.note_outcome, workers=_LOG_WORKERS)
    service.consume(streams.GATEWAY_DEAD, events.note_death)
    service.work()
    return service


def _discord(config: Settings) -> Application:
    return Application(
        id=config.discord_application_id,
        public_key=config.discord_public_key,
        guild_id=config.discord_guild_id,
        admin_role_id=config.discord_admin_role_id,
    )
