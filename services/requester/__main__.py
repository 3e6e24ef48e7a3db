"""The requester: understands what Seerr reports about requests and issues."""

import shared.blocked_imports  # noqa: F401 (before anything that loads what it keeps out)
from services.requester.handlers import Handlers
from services.requester.sources import seerr
from shared import runtime
from shared.bus import streams
from shared.settings import ServiceSettings


async def requester(config: ServiceSettings) -> None:
    """Run until told to stop."""
    async with runtime.open_parts(config, name="requester") as parts:
        handlers = Handlers(worker=parts.worker, parse=seerr.parse_webhook)
        service = runtime.Service(parts)
        service.consume(streams.REQUESTER_WEBHOOKS, handlers.take_webhook)
        service.work()
        await runtime.serve(config, service.run, finish=service.finish)


if __name__ == "__main__":
    runtime.main("requester", ServiceSettings, requester)
