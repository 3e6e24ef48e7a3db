"""Makes the parts of a gateway and puts them together."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from services.gateway.access.authenticator import Authenticator
from services.gateway.access.change_password import ChangePassword
from services.gateway.access.forgetting import Forgetting
from services.gateway.access.login import Login
from services.gateway.access.login_attempts import LoginAttempts
from services.gateway.access.passwords import Passwords
from services.gateway.access.persons import Persons
from services.gateway.access.stream_access import StreamAccess
from services.gateway.ask import Ask
from services.gateway.bootstrap import Bootstrap
from services.gateway.components import Components
from services.gateway.dashboard.view import Dashboard
from services.gateway.discord.prompts import Prompts
from services.gateway.discord.receiver import Application, InteractionReceiver
from services.gateway.events.feed import Feed
from services.gateway.events.log import EventLog
from services.gateway.health import HealthCheck
from services.gateway.metrics import CountingStorage
from services.gateway.readiness import Preparation, Readiness
from services.gateway.refusals.recorder import RefusalRecorder
from services.gateway.settings import Settings
from services.gateway.spool.nats_or_spool import NatsOrSpool, NoSpool
from services.gateway.spool.recent_results import RecentResults
from services.gateway.spool.spool import Spool
from services.gateway.startup import Startup
from services.gateway.store.database import Database
from services.gateway.subpath import subpath_of
from services.gateway.webhook_secrets.cache import SecretCache
from services.gateway.webhook_secrets.create_and_remove import WebhookSecrets
from services.gateway.webhooks.receiver import Receiver
from services.gateway.webhooks.recent_deliveries import RecentDeliveries
from shared.bus import streams
from shared.clock import SteadyClock
from shared.keyring import Keyring
from shared.runtime import Parts, Service
from shared.sealing import Sealer
from shared.vault import Vault

_LOG_WORKERS: Final = 64
"""Handlers of the event log at once: so many rows can go into one statement."""
_REMEMBERED_SECRETS: Final = "webhook-secrets.json"


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


def components(config: Settings, parts: Parts, spool: Spool | None, passwords: Passwords) -> Components:
    """Make all parts."""
    keyring = Keyring.parse(config.usher_encryption_keys)
    sealer, vault = Sealer(keyring), Vault(parts.pool, keyring)
    ask, results, recent = Ask(parts.bus), RecentResults(), RecentDeliveries()
    secret_cache = SecretCache(parts.pool, kept_in=Path(config.usher_data_dir) / _REMEMBERED_SECRETS)
    storage = CountingStorage(NatsOrSpool(parts.bus, spool or NoSpool()), results)
    readiness = Readiness(parts.bus, spool, config.spool_folder, secret_cache, results)
    login_attempts = LoginAttempts(parts.pool, SteadyClock())
    login = Login(parts.pool, passwords, login_attempts, now=now)
    persons, database = Persons(ask), Database(parts.pool, parts.worker)
    stream_access = StreamAccess(parts.pool, now=now)
    return Components(
        ask=ask,
        authenticator=Authenticator(parts.pool, persons, now=now),
        change_password=ChangePassword(login, passwords, database, stream_access),
        dashboard=Dashboard(subpath=subpath_of(config.public_url), public_url=config.public_url, now=now),
        database=database,
        discord=_discord(config),
        feed=Feed(),
        health=HealthCheck(ask, parts.bus, parts.pool, spool, readiness),
        interactions=InteractionReceiver(_discord(config), storage, sealer, Prompts(ask)),
        login=login,
        login_attempts=login_attempts,
        now=now,
        passwords=passwords,
        persons=persons,
        preparation=Preparation(),
        public_url=config.public_url,
        readiness=readiness,
        receiver=Receiver(secret_cache, storage, recent=recent),
        recent=recent,
        refusals=RefusalRecorder(parts.pool, now=now),
        sealer=sealer,
        secret_cache=secret_cache,
        stream_access=stream_access,
        subpath=subpath_of(config.public_url),
        tracer=parts.tracer,
        vault=vault,
        webhook_secrets=WebhookSecrets(
            parts.worker, parts.pool, vault, secret_cache=secret_cache, now=now, public_url=config.public_url
        ),
    )


def startup(config: Settings, parts: Parts, made: Components) -> Startup:
    """Return what is done before the gateway answers questions."""
    return Startup(
        config,
        parts.pool,
        vault=made.vault,
        bootstrap=Bootstrap(parts.worker, made.passwords, made.webhook_secrets, now=now),
        secret_cache=made.secret_cache,
        preparation=made.preparation,
    )


def service(parts: Parts) -> Service:
    """Return the consumers of the event log."""
    service, events = Service(parts), EventLog(parts.pool)
    service.consume(streams.GATEWAY_WEBHOOKS, events.note_webhook, workers=_LOG_WORKERS)
    service.consume(streams.GATEWAY_OUTCOMES, events.note_outcome, workers=_LOG_WORKERS)
    service.consume(streams.GATEWAY_RUNS, events.note_run)
    service.consume(streams.GATEWAY_PEOPLE, Forgetting(parts.worker, now=now).forget_person)
    service.consume(streams.GATEWAY_DEAD, events.note_dead_letter)
    service.work()
    return service


def _discord(config: Settings) -> Application:
    return Application(id=config.discord_application_id, public_key=config.discord_public_key)
