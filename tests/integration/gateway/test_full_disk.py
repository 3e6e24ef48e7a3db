"""A gateway whose spool and NATS are on one disk that fills up: it reports that everywhere, and recovers."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cli.checks.servers import check_nats
from cli.checks.storage import check_room
from cli.embedded.nats import EmbeddedNats
from cli.embedded.program import free_port
from cli.folder import Folder
from shared.schemas.secret import Secret
from tests.integration.gateway.house import House, prepared, settings
from tests.integration.servers import Running, wait_for_nats
from tests.integration.service import until
from tests.small_disk import SmallDisk

LEFT = 300_000
MOST = 400


@pytest.fixture
def own_nats(disk: SmallDisk) -> Iterator[tuple[Running, Secret]]:
    server = EmbeddedNats(disk.folder / "nats", port=free_port())
    server.prepare()
    running = Running(server.program, disk.folder.with_suffix(".log"))
    wait_for_nats(server.url)
    yield running, server.url
    running.stop()


@pytest.fixture
async def house(database_url: Secret, own_nats: tuple[Running, Secret], disk: SmallDisk) -> AsyncIterator[House]:
    async with prepared(settings(database_url, own_nats[1], disk.folder)) as running:
        yield running


async def send(house: House) -> set[str]:
    """Send webhooks until one is refused, and return the ids of the accepted ones."""
    taken: set[str] = set()
    for number in range(MOST):
        answer = await house.webhook("jellyfin", {"NotificationType": "PlaybackStop", "n": number, "text": "x" * 4000})
        if answer.status_code != 202:
            return taken
        taken.add(answer.json()["id"])
    raise AssertionError(f"{MOST} webhooks had room")


async def test_a_full_disk_is_reported_everywhere_and_all_that_was_taken_is_there_afterwards(
    house: House, own_nats: tuple[Running, Secret], disk: SmallDisk
) -> None:
    server, url = own_nats
    disk.fill(leave=LEFT)
    taken = await send(house)
    disk.fill()
    await is_said_everywhere(house, url, disk.folder)
    disk.clear()
    server.stop()
    server.start()

    await until(lambda: is_well(house, len(taken)))
    page = (await house.get("/api/events", limit=200)).json()
    assert taken
    assert taken <= {item["id"] for item in page["items"]}
    assert (await house.get("/ready")).status_code == 200


async def is_said_everywhere(house: House, nats_url: Secret, folder: Path) -> None:
    ready, health = await house.get("/ready"), (await house.get("/api/health")).json()
    problems = {problem["part"]: problem["text"] for problem in health["problems"]}
    stores = {stream["name"]: stream["stores"] for stream in health["streams"]}
    metrics = (await house.get("/metrics", headers={})).text
    of_nats = await check_nats(nats_url, credentials="", replicas=1, is_embedded=True)
    room = check_room(Folder(str(folder)))

    assert (ready.status_code, health["status"]) == (503, "degraded")
    assert "full" in ready.json()["detail"]
    assert problems["disk"].startswith("the disk is full: 0 MiB")
    assert "the disk is full" in problems["WEBHOOKS"]
    assert (stores["WEBHOOKS"], health["spool"]["takes_more"]) == (False, False)
    assert 'usher_stream_stopped{stream="WEBHOOKS"} 1.0' in metrics
    assert "usher_spool_disk_free_bytes 0.0" in metrics
    assert ("WEBHOOKS", "fail") in [(each.subject, each.level) for each in of_nats if "the disk is full" in each.text]
    assert (room.level, room.text) == ("fail", f"the disk is full: 0 MiB are free for {folder}")


async def is_well(house: House, least: int) -> bool:
    health = (await house.get("/api/health")).json()
    pending = (await house.get("/api/events", status="pending", limit=1)).json()
    return not health["problems"] and not health["spool"]["records"] and pending["total"] >= least


async def test_the_first_webhook_need_not_fail_for_a_full_disk_to_be_noticed(house: House, disk: SmallDisk) -> None:
    disk.fill()

    ready = await house.get("/ready")
    health = (await house.get("/api/health")).json()

    assert ready.status_code == 503
    assert {problem["part"] for problem in health["problems"]} >= {"disk"}
