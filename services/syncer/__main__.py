"""The syncer: plays out of webhooks, kept for whoever's account they were seen on."""

from services.syncer.handlers import Handlers
from services.syncer.sources import parsing
from shared import runtime
from shared.bus import streams
from shared.schemas.history import CountPlays, ListPlays
from shared.settings import ServiceSettings


async def syncer(config: ServiceSettings) -> None:
    """Run until told to stop."""
    async with runtime.open_parts(config, name="syncer") as parts:
        handlers = Handlers(worker=parts.worker, pool=parts.pool, parse=parsing.parse_webhook)
        service = runtime.Service(parts)
        service.consume(streams.SYNCER_WEBHOOKS, handlers.take_webhook)
        service.consume(streams.SYNCER_PEOPLE, handlers.take_fact, workers=2)
        service.work({})
        service.answer({ListPlays: handlers.list_plays, CountPlays: handlers.count_plays})
        await runtime.serve(config, service.run, finish=service.finish)


if __name__ == "__main__":
    runtime.main("syncer", ServiceSettings, syncer)
