"""A run from the call that begins it to the stream that shows it, through gateway and service."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from shared.bus.connection import Bus
from shared.schemas.secret import Secret
from tests.integration.gateway.house import ADMIN, House
from tests.integration.service import until
from tests.integration.shared.runs import Counting, Place, counter


async def runs_of(lines: AsyncIterator[str]) -> AsyncIterator[Any]:
    """Yield the runs in a stream of server-sent events."""
    data = ""
    async for line in lines:
        if line.startswith("data: "):
            data = line.removeprefix("data: ")
        elif line == "event: run":
            yield msgspec.json.decode(data)


async def test_a_sync_is_begun_and_seen_live_to_its_end(house: House, bus: Bus, database_url: Secret) -> None:
    async with (
        counter(bus, database_url, Counting()),
        house.http.stream("GET", "/api/events/stream", headers=ADMIN) as stream,
        asyncio.timeout(30),
    ):
        lines = stream.aiter_lines()
        assert (await anext(lines)).startswith("retry:")

        begun = await house.post("/api/sync", {"kinds": ["counting"]})

        [run_id] = begun.json()["run_ids"]
        seen = []
        async for run in runs_of(lines):
            assert run["id"] == run_id
            seen.append((run["status"], run["progress"]["done"]))
            if run["finished_at"] is not None:
                break

    assert seen[:2] == [("queued", 0), ("running", 0)]
    assert seen[-1] == ("success", 9)


async def test_a_run_is_cancelled_over_the_api(house: House, bus: Bus, database_url: Secret) -> None:
    is_reached, goes_on = asyncio.Event(), asyncio.Event()

    async def wait(_place: Place) -> None:
        is_reached.set()
        await goes_on.wait()

    async with counter(bus, database_url, Counting(wait)):
        [run_id] = (await house.post("/api/sync", {"kinds": ["counting"]})).json()["run_ids"]
        await is_reached.wait()

        async def is_accepted() -> bool:
            return (await house.post(f"/api/runs/{run_id}/cancel")).status_code == 202

        async def is_cancelled() -> bool:
            return bool((await house.get(f"/api/runs/{run_id}")).json()["status"] == "cancelled")

        await until(is_accepted)
        await until(is_cancelled)
        goes_on.set()

        assert (await house.post(f"/api/runs/{run_id}/cancel")).status_code == 409
        [kind] = (await house.get("/api/sync/status")).json()["kinds"]
        assert (kind["kind"], kind["run"]["id"]) == ("counting", run_id)
        assert kind["next_at"] is not None
