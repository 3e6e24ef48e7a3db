"""The syncer: turns webhooks into plays of the accounts they were seen on, and keeps settings of single users."""

from datetime import UTC, datetime

import shared.blocked_imports  # noqa: F401 (before anything that loads what it keeps out)
from services.syncer.discord.handlers import Handlers as DiscordHandlers
from services.syncer.forgetting import Forgetting
from services.syncer.history.handlers import Handlers as HistoryHandlers
from services.syncer.history.sources import parsing
from services.syncer.plex.cache import ResourceCache
from services.syncer.plex.handlers import Handlers as PlexHandlers
from services.syncer.users.handlers import Handlers as UserHandlers
from shared import runtime, settings
from shared.bus import streams
from shared.discord.prompts import Prompts
from shared.discord.receiving import Receiver
from shared.discord.replying import ReplyJobs
from shared.discord.rights import rights_of
from shared.keyring import Keyring
from shared.sealing import Sealer
from shared.settings import ServiceSettings, UpstreamSettings
from shared.upstreams.directory import Directory
from shared.upstreams.egress import egress_of
from shared.upstreams.opening import open_clients
from shared.vault import Vault


async def syncer(config: ServiceSettings) -> None:
    """Run until told to stop."""
    upstreams = settings.load(UpstreamSettings)
    egress = egress_of(upstreams, config.database_url, config.nats_url)
    async with (
        runtime.open_parts(config, name="syncer") as parts,
        open_clients(upstreams, parts.pool, egress=egress) as clients,
    ):
        history = HistoryHandlers(worker=parts.worker, pool=parts.pool, parse=parsing.parse_webhook)
        commands = DiscordHandlers(worker=parts.worker, pool=parts.pool)
        keyring = Keyring.parse(config.usher_encryption_keys)
        sealer, vault = Sealer(keyring), Vault(parts.pool, keyring)
        users = UserHandlers(pool=parts.pool, vault=vault, sealer=sealer, now=_now)
        directory, cache = Directory(parts.bus, sealer, now=_now), ResourceCache(now=_now)
        plex = PlexHandlers(directory=directory, clients=clients, cache=cache)
        rights, replies = rights_of(upstreams), ReplyJobs(clients.discord(), sealer, now=_now)
        receiver = Receiver(streams.SYNCER_INTERACTIONS, parts.worker, commands.answer, rights=rights, now=_now)
        prompts = Prompts(choices_for=commands.choices_for, form_for=commands.form_for, rights=rights)
        service = runtime.Service(parts)
        forgetting = Forgetting(worker=parts.worker, vault=vault)
        for side in (history, users, plex, forgetting):
            side.add_to(service)
        service.consume(streams.SYNCER_LINKS, commands.learn_link, workers=2)
        service.consume(streams.SYNCER_INTERACTIONS, receiver.take)
        service.work(*replies.jobs)
        service.answer(*prompts.answers())
        for listener in (clients.listener(), directory.listener(), cache.listener()):
            await parts.bus.add(listener)
        await runtime.serve(config, service.run, finish=service.finish)


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    runtime.main("syncer", ServiceSettings, syncer)
