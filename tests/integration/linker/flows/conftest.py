"""The scene of these tests, with the HTTP client that the services use."""

import ssl
from collections.abc import AsyncIterator

import pytest

from shared.http.client import client
from shared.postgres.pool import Pool
from tests.integration.linker.flows.scenery import Scene


@pytest.fixture
async def scene(pool: Pool, tls: ssl.SSLContext) -> AsyncIterator[Scene]:
    opened = Scene(pool)
    async with client(tls=tls) as http, opened.open(http):
        yield opened
