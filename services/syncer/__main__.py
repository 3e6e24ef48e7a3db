"""The syncer: turns webhooks into plays of the accounts they were seen on, and keeps settings of single users."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import shared.blocked_imports  # noqa: F401 (before anything that loads what it keeps out)
from services.syncer.discord.handlers import Handlers as DiscordHandlers
from services.syncer.history.handlers import Handlers
from services.syncer.history.sources import parsing
from services.syncer.users.handlers import Handlers as UserHandlers
from shared import runtime, settings
from shared.bus import streams
from shared.clients.discord.answering import Answering
from shared.clients.discord.limits import Limits
from shared.clients.discord.receiving import Receiver
from shared.clients.discord.rest import Discord, from_settings
from shared.http.client import client
from shared.http.egress import OWN_PORTS, Egress, ports_of, private_networks
from shared.http.upstream import Upstream
from shared.keyring import Keyring
from shared.schemas.history import CountPlays, ListPlays
from shared.schemas.interactions import Suggest
from shared.sealing import Sealer
from shared.settings import ServiceSettings, UpstreamSettings
from shared.vault import Vault


async def syncer(config: ServiceSettings) -> None:
    """Run until told to stop."""
    async with runtime.open_parts(config, name="syncer") as parts, _discord(config) as discord:
        handlers = Handlers(worker=parts.worker, pool=parts.pool, parse=parsing.parse_webhook)
        commands = DiscordHandlers(worker=parts.worker, pool=parts.pool)
        keyring = Keyring.parse(config.usher_encryption_keys)
        sealer, vault = Sealer(keyring), Vault(parts.pool, keyring)
        users = UserHandlers(pool=parts.pool, vault=vault, sealer=sealer, now=_now)
        answering = Answering(discord, sealer, now=_now)
        receiver = Receiver(streams.SYNCER_INTERACTIONS, parts.worker, commands.answer, now=_now)
        service = runtime.Service(parts)
        service.consume(streams.SYNCER_WEBHOOKS, handlers.take_webhook)
        service.consume(streams.SYNCER_PEOPLE, handlers.take_fact, workers=2)
        service.consume(streams.SYNCER_LINKS, commands.learn_link, workers=2)
        service.consume(streams.SYNCER_INTERACTIONS, receiver.take)
        service.work(*answering.jobs)
        service.answer(
            ListPlays.answered_by(handlers.list_plays),
            CountPlays.answered_by(handlers.count_plays),
            Suggest.answered_by(commands.suggest),
            *users.answers(),
        )
        await runtime.serve(config, service.run, finish=service.finish)


@asynccontextmanager
async def _discord(config: ServiceSettings) -> AsyncIterator[Discord | None]:
    upstreams = settings.load(UpstreamSettings)
    egress = Egress(
        denied_ports=OWN_PORTS | ports_of([config.database_url, config.nats_url]),
        private=private_networks(upstreams.usher_allow_private),
    )
    async with client(egress=egress) as http:
        yield from_settings(http, Upstream("Discord"), upstreams, limits=Limits())


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    runtime.main("syncer", ServiceSettings, syncer)
