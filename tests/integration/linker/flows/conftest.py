"""The scene of these tests, with the HTTP client that the services use."""

import ssl
from collections.abc import AsyncIterator

import httpx
import pytest

from shared.http.client import client
from shared.postgres.pool import Pool
from tests.integration.linker.flows.scenery import Scene


@pytest.fixture(scope="session")
def tls() -> ssl.SSLContext:
    """Certificates are read once: reading them takes longer than most tests."""
    return httpx.create_ssl_context(trust_env=False)


@pytest.fixture
async def scene(pool: Pool, tls: ssl.SSLContext) -> AsyncIterator[Scene]:
    opened = Scene(pool)
    async with client(tls=tls) as http, opened.open(http):
        yield opened
