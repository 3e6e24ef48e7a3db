"""A frozen Postgres: no one waits for long, and webhooks do not wait at all."""

import asyncio
from pathlib import Path

import httpx

from shared.schemas.secret import Secret
from tests.integration import proxy
from tests.integration.gateway.house import prepared, settings
from tests.integration.service import until

PAYLOAD = {"NotificationType": "PlaybackStop"}


async def test_a_frozen_postgres_delays_no_webhook_and_is_reported_as_away(
    database_url: Secret, nats_url: Secret, tmp_path: Path
) -> None:
    async with proxy.before(database_url) as way, prepared(settings(way.url, nats_url, tmp_path)) as house:
        way.block()

        calls = [asyncio.create_task(house.get("/api/events")) for _ in range(10)]
        taken = [await house.webhook("jellyfin", {**PAYLOAD, "n": number}) for number in range(20)]
        answers = await asyncio.gather(*calls)

        assert [answer.status_code for answer in taken] == [202] * 20
        assert [answer.status_code for answer in answers] == [503] * 10

        way.unblock()

        async def all_there() -> bool:
            answer = await house.get("/api/events")
            return answer.status_code == 200 and answer.json()["total"] == 20

        await until(all_there)


async def test_a_frozen_postgres_does_not_delay_the_stop(
    database_url: Secret, nats_url: Secret, tmp_path: Path
) -> None:
    async with proxy.before(database_url) as way:
        async with prepared(settings(way.url, nats_url, tmp_path)) as house:
            way.block()
            calls = [asyncio.create_task(house.get("/api/events")) for _ in range(3)]
            await house.webhook("jellyfin", PAYLOAD)
            await asyncio.sleep(0.2)
        answers = await asyncio.gather(*calls, return_exceptions=True)

    assert [each for each in answers if isinstance(each, httpx.Response) and each.status_code == 200] == []
