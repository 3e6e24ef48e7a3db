"""The linker: who is who, whose account it is that something was seen on, and how people prove it."""

from typing import Final

import shared.blocked_imports  # noqa: F401 (before anything that loads what it keeps out)
from services.linker.process import Process
from services.linker.settings import Settings
from shared import runtime, settings
from shared.keyring import Keyring
from shared.settings import UpstreamSettings
from shared.upstreams.egress import egress_of
from shared.upstreams.opening import open_clients

POOL_SIZE: Final = 6
"""One connection is held while Trakt renews a token, another by a check that waits for the outcome."""


async def linker(config: Settings) -> None:
    """Run until told to stop."""
    upstreams = settings.load(UpstreamSettings)
    egress = egress_of(upstreams, config.database_url, config.nats_url)
    async with (
        runtime.open_parts(config, name="linker", pool_size=POOL_SIZE) as parts,
        open_clients(upstreams, parts.pool, egress=egress) as clients,
    ):
        process = Process(
            parts,
            Keyring.parse(config.usher_encryption_keys),
            clients,
            egress=egress,
            upstreams=upstreams,
            public_url=config.public_url,
        )
        await runtime.serve(config, process.run, finish=process.finish)


if __name__ == "__main__":
    runtime.main("linker", Settings, linker)
