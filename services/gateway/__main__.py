"""The gateway: stores the webhooks that come in, and answers REST calls, mostly by asking the services."""

import uvloop

import shared.blocked_imports  # noqa: F401 (before anything that imports what it blocks)
from services.gateway import process
from services.gateway.settings import Settings
from shared import runtime


async def gateway(config: Settings) -> None:
    """Run until told to stop."""
    async with process.open_process(config) as running:
        await runtime.serve(config, running.run, finish=running.finish)


if __name__ == "__main__":
    runtime.main("gateway", Settings, gateway, loop=uvloop.new_event_loop)
