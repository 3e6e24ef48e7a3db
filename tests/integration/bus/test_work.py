"""What a unit of work may send."""

import pytest

from shared.bus.streams import MAX_PAYLOAD
from shared.bus.work import Worker
from shared.errors import TooLargeError
from shared.postgres.pool import Pool


async def test_what_no_stream_takes_is_refused_before_it_blocks_the_outbox(pool: Pool) -> None:
    with pytest.raises(TooLargeError):
        async with Worker(pool).on_request() as work:
            work.send("jobs.linker.x", b"x" * (MAX_PAYLOAD + 1), message_id="1")

    assert await pool.fetchval("select count(*) from outbox") == 0
