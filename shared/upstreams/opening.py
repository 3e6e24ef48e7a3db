"""Opens a service's factory of clients."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.http.client import client
from shared.http.egress import Egress
from shared.postgres.pool import Pool, transaction
from shared.settings import UpstreamSettings
from shared.upstreams import store
from shared.upstreams.clients import Clients


@asynccontextmanager
async def open_clients(config: UpstreamSettings, pool: Pool, *, egress: Egress) -> AsyncIterator[Clients]:
    """Open a service's factory; `pool` reaches the database in which all services keep their rate limits."""
    client_id = config.plex_client_id or await _generated_client_id(pool)
    async with client(egress=egress) as http:
        yield Clients(http, config, pool, plex_client_id=client_id)


async def _generated_client_id(pool: Pool) -> str:
    async with transaction(pool) as connection:
        return await store.get_or_store(connection, "plex_client_id", otherwise=str(uuid.uuid4()))
