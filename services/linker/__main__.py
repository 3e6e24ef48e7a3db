"""The linker: who is who, whose account it is that something was seen on, and how people prove it."""

import uuid
from typing import Final

import shared.blocked_imports  # noqa: F401 (before anything that loads what it keeps out)
from services.linker.clients import Clients
from services.linker.process import Process
from services.linker.settings import Settings
from services.linker.store import installation
from shared import runtime, settings
from shared.http.client import client
from shared.http.egress import OWN_PORTS, Egress, ports_of, private_networks
from shared.keyring import Keyring
from shared.postgres.pool import Pool, transaction
from shared.settings import UpstreamSettings

POOL_SIZE: Final = 6
"""One connection is held while Trakt renews a token, another by a check that waits for the outcome."""


async def linker(config: Settings) -> None:
    """Run until told to stop."""
    upstreams = settings.load(UpstreamSettings)
    egress = Egress(
        denied_ports=OWN_PORTS | ports_of([config.database_url, config.nats_url]),
        private=private_networks(upstreams.usher_allow_private),
    )
    async with (
        runtime.open_parts(config, name="linker", pool_size=POOL_SIZE) as parts,
        client(egress=egress) as http,
    ):
        client_id = upstreams.plex_client_id or await _made_up_client_id(parts.pool)
        process = Process(
            parts,
            Keyring.parse(config.usher_encryption_keys),
            Clients(http, upstreams, plex_client_id=client_id),
            egress=egress,
            upstreams=upstreams,
            public_url=config.public_url,
        )
        await runtime.serve(config, process.run, finish=process.finish)


async def _made_up_client_id(pool: Pool) -> str:
    async with transaction(pool) as connection:
        return await installation.value_of(connection, "plex_client_id", otherwise=str(uuid.uuid4()))


if __name__ == "__main__":
    runtime.main("linker", Settings, linker)
