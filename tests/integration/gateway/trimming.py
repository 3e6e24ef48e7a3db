"""A gateway that returns memory a hundred times as often, so that tests need not wait."""

from datetime import timedelta

import uvloop

import shared.blocked_imports  # noqa: F401 (as the gateway does)
from services.gateway import process
from services.gateway.settings import Settings
from shared import runtime

EVERY = timedelta(seconds=0.5)


async def gateway(config: Settings) -> None:
    async with process.open_process(config) as running:
        await runtime.serve(config, running.run, finish=running.finish, trim_every=EVERY)


if __name__ == "__main__":
    runtime.main("gateway", Settings, gateway, loop=uvloop.new_event_loop)
