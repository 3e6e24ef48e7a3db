"""A browser in which the admin is logged in, or nobody (`visitor`)."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.postgres import pool as postgres
from shared.postgres.pool import Pool
from shared.schemas.secret import Secret
from tests.integration.gateway.dashboard.browser import Browser, browsing
from tests.integration.gateway.house import House


@pytest.fixture
async def browser(house: House) -> AsyncIterator[Browser]:
    async with browsing(house) as opened:
        await opened.log_in()
        yield opened


@pytest.fixture
async def visitor(house: House) -> AsyncIterator[Browser]:
    async with browsing(house) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def modules_browser(modules_house: House) -> AsyncIterator[Browser]:
    async with browsing(modules_house) as opened:
        await opened.log_in()
        yield opened


@pytest.fixture
async def pool(database_url: Secret) -> AsyncIterator[Pool]:
    """A pool in the gateway's schema."""
    async with postgres.connect(database_url, schema="gateway", size=4) as opened:
        yield opened
