"""Old rows are deleted regularly, whatever fails once."""

import asyncio
from datetime import UTC, datetime

from structlog.testing import capture_logs

from services.gateway.access.login_attempts import LoginAttempts
from services.gateway.retention import Retention
from shared.clock import SteadyClock
from shared.postgres.pool import Pool
from tests.integration.service import until


async def test_a_bug_in_retention_ends_no_gateway(pool: Pool) -> None:
    await pool.execute("alter table refused_senders rename to somewhere_else")
    retention = Retention(pool, LoginAttempts(pool, SteadyClock()), now=lambda: datetime.now(UTC))
    with capture_logs() as lines:
        running = asyncio.create_task(retention.run())

        await until(lambda: [each["loop"] for each in lines if each["event"] == "loop_failed"] == ["retention"])

    assert not running.done()
    running.cancel()
