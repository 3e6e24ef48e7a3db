"""The data folder's disk fills up and has room again: all accepted webhooks are handled, without a restart by hand."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import asyncpg
import pytest

from simulators.load import Answer, Client, send_at
from simulators.senders import Post, plex_post, plex_scrobble
from tests.house import WEBHOOK_SECRET, House
from tests.small_disk import SmallDisk, mounted, run_in_a_namespace

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

SIZE = 384 * 1024 * 1024
LEFT = 300_000
ACCEPTED = 202
PATH = f"/webhooks/plex?token={WEBHOOK_SECRET}"
MENDED_WITHIN_S = 180


@pytest.fixture
def disk(request: pytest.FixtureRequest) -> Iterator[SmallDisk]:
    with ExitStack() as stack:
        disk = _mounted(stack)
        if disk is None:
            run_in_a_namespace(f"{__file__}::{request.node.name}", size=SIZE)
            pytest.skip("passed in a namespace of its own")
        yield disk


@pytest.fixture
def house(disk: SmallDisk) -> Iterator[House]:
    house = House(disk.folder)
    house.start()
    yield house
    house.stop()


def _mounted(stack: ExitStack) -> SmallDisk | None:
    try:
        return stack.enter_context(mounted(size=SIZE))
    except PermissionError:
        return None


class Sender:
    """Sends scrobbles of new movies, and records which were accepted."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._sent = 0
        self.taken: dict[str, str] = {}

    def send(self, number: int) -> list[int]:
        """Send a number of scrobbles, and return the statuses."""
        begin, self._sent = self._sent, self._sent + number
        posts = [plex_post(plex_scrobble(each, account=1), with_picture=False) for each in range(begin, self._sent)]
        answers = asyncio.run(self._post(posts))
        for answer in answers:
            if answer.status == ACCEPTED:
                self.taken[json.loads(answer.body)["id"]] = f"Simulated movie {begin + answer.number}"
        return [answer.status for answer in answers]

    async def _post(self, posts: list[Post]) -> list[Answer]:
        client = Client("127.0.0.1", self._house.port)
        answers = await send_at(20.0, client, PATH, posts)
        client.close()
        return answers


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + MENDED_WITHIN_S
    while not holds():
        assert time.monotonic() < deadline, f"it does not come true: {what}"
        time.sleep(0.25)


def status(house: House, path: str) -> int:
    try:
        with urllib.request.urlopen(f"{house.url}{path}", timeout=5) as response:
            return int(response.status)
    except urllib.error.HTTPError as exc:
        return exc.code


def doctor(house: House) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "cli", "doctor", "--json"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "USHER_DATA_DIR": str(house.folder), "USHER_PORT": str(house.port)},  # noqa: TID251
    )
    return done.returncode, done.stdout


def write_ahead_until_postgres_fails(house: House) -> None:
    """Fill write-ahead files until PostgreSQL ends for lack of room."""

    async def switch() -> None:
        connection = await asyncpg.connect((house.folder / "run/database_url").read_text().strip(), timeout=5)
        try:
            while True:
                await connection.execute("create table if not exists filler (x int); drop table filler")
                await connection.execute("select pg_switch_wal()")
        finally:
            connection.terminate()

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        asyncio.run(switch())


def is_settled(house: House, taken: set[str]) -> bool:
    try:
        health = house.get("/api/health")
        events = {event["id"]: event["status"] for event in house.pages("/api/events")}
    except (OSError, ValueError):
        return False
    return taken <= set(events) and set(events.values()) == {"handled"} and health["status"] == "ok"


def test_all_that_was_taken_is_handled_once_there_is_room_again(house: House, disk: SmallDisk) -> None:
    sender = Sender(house)
    assert set(sender.send(20)) == {ACCEPTED}
    disk.fill()
    while sender.send(20)[-1] == ACCEPTED:
        disk.fill()
    write_ahead_until_postgres_fails(house)
    until(lambda: status(house, "/ready") == 503, "not ready")
    ends, findings = doctor(house)
    for part in ("services.gateway", "services.syncer", "nats-server"):
        house.send(part, signal.SIGKILL)
    ended = f"nats ended with SIGKILL; the disk of {disk.folder}/nats is full; starting it again"
    until(lambda: ended in house.log.read_text(), "the supervisor says why nothing runs")

    disk.clear()
    until(lambda: is_settled(house, set(sender.taken)), "all is settled")

    plays = Counter(play["title"] for play in house.pages("/api/history"))
    assert ends == 1
    assert "the disk is full" in findings
    assert set(sender.taken.values()) <= set(plays)
    assert max(plays.values()) == 1
    assert house.get("/api/deadletters")["total"] == 0
    assert status(house, "/ready") == 200
    assert set(sender.send(20)) == {ACCEPTED}
    until(lambda: is_settled(house, set(sender.taken)), "what comes later is handled")


def test_nats_is_started_again_by_itself_when_room_is_made(house: House, disk: SmallDisk) -> None:
    sender = Sender(house)
    disk.fill(leave=LEFT)
    while sender.send(10)[-1] == ACCEPTED:
        pass
    until(lambda: "nats has stopped writing" in house.log.read_text(), "the supervisor notices")

    disk.clear()
    until(lambda: is_settled(house, set(sender.taken)), "all is settled")

    assert sender.taken
    assert f"there is room in {disk.folder}/nats; nats is started again" in house.log.read_text()
    assert set(sender.send(10)) == {ACCEPTED}
    until(lambda: is_settled(house, set(sender.taken)), "what comes later is handled")
