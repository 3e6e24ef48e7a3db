"""The gateway: takes webhooks and questions from outside, stores the ones and asks the services the others."""

import uvloop

import shared.blocked_imports  # noqa: F401 (before anything that loads what it keeps out)
from services.gateway import process
from services.gateway.settings import Settings
from shared import runtime


async def gateway(config: Settings) -> None:
    """Run until told to stop."""
    async with process.opened(config) as running:
        await runtime.serve(config, running.run, finish=running.finish)


if __name__ == "__main__":
    runtime.main("gateway", Settings, gateway, loop=uvloop.new_event_loop)
