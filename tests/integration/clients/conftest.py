"""The HTTP client that the services use, for calls to stand-ins."""

import ssl
from collections.abc import AsyncIterator

import httpx
import pytest

from shared.http.client import client


@pytest.fixture(scope="session")
def tls() -> ssl.SSLContext:
    """Certificates are read once: reading them takes longer than most tests."""
    return httpx.create_ssl_context(trust_env=False)


@pytest.fixture
async def http(tls: ssl.SSLContext) -> AsyncIterator[httpx.AsyncClient]:
    async with client(tls=tls) as opened:
        yield opened
