"""Runs as the API shows them, begins them and ends them, and as the live feed sends them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from shared.bus.connection import Bus
from shared.errors import ConflictError
from shared.schemas.events import RunChanged, subject
from shared.schemas.runs import BeginRun, KindList, ListKinds, Progress, Run, RunKind, Status
from tests.integration.gateway.house import ADMIN, House
from tests.integration.service import answering, until

AT = datetime.now(UTC).replace(hour=3, minute=0, second=0, microsecond=0) - timedelta(days=7)
"""A week ago: retention, which begins with the gateway, forgets what is much older."""
NEXT = AT + timedelta(days=1)


def run(
    run_id: str = "r1", *, status: Status = "running", sequence: int = 2, kind: str = "seerr", done: int = 0
) -> Run:
    return Run(
        id=run_id,
        service="linker",
        kind=kind,
        subject="",
        status=status,
        requested_by="schedule",
        requested_at=AT + timedelta(seconds=int(run_id.removeprefix("r"))),
        finished_at=AT if status in {"success", "cancelled"} else None,
        progress=Progress(done, 10),
        sequence=sequence,
    )


async def say(bus: Bus, *runs: Run) -> None:
    for each in runs:
        event = RunChanged(id=f"{each.id}:{each.sequence}", occurred_at=AT, run=each)
        await bus.publish(subject(event), msgspec.json.encode(event), message_id=event.id)


async def shown(house: House, run_id: str = "r1", **wanted: Any) -> Any:
    """Wait until a run has these values, and return it."""

    async def is_there() -> bool:
        answer = await house.get(f"/api/runs/{run_id}")
        found = answer.json() if answer.status_code == 200 else {}
        return bool(found) and all(found[name] == value for name, value in wanted.items())

    await until(is_there)
    return (await house.get(f"/api/runs/{run_id}")).json()


@pytest.fixture
async def linker(bus: Bus) -> AsyncIterator[list[BeginRun]]:
    """A linker with two kinds of runs, one of which cannot begin; keeps what it is asked to begin."""
    asked: list[BeginRun] = []

    async def begin(question: BeginRun) -> Run:
        if question.kind == "users":
            raise ConflictError("no server is set up")
        asked.append(question)
        return run("r7", status="queued", sequence=1, kind=question.kind)

    async def list_kinds(_question: ListKinds) -> KindList:
        return KindList((RunKind(kind="users"), RunKind(kind="seerr", next_at=NEXT)))

    async with answering(bus, "linker", BeginRun.answered_by(begin), ListKinds.answered_by(list_kinds)):
        yield asked


async def test_runs_are_listed_newest_first_and_filtered(house: House, bus: Bus) -> None:
    await say(bus, run("r1", status="success"), run("r2", kind="users"), run("r3"))
    await shown(house, "r3")

    async def ids(**query: Any) -> list[str]:
        page = (await house.get("/api/runs", **query)).json()
        return [f"{page['total']}", *(item["id"] for item in page["items"])]

    assert await ids() == ["3", "r3", "r2", "r1"]
    assert await ids(limit=1, offset=1) == ["3", "r2"]
    assert await ids(kind="seerr") == ["2", "r3", "r1"]
    assert await ids(kind="seerr", status="running") == ["1", "r3"]
    assert (await house.get("/api/runs/r9")).status_code == 404


async def test_the_newest_account_of_a_run_counts_whatever_comes_last(house: House, bus: Bus) -> None:
    await say(bus, run(sequence=2), run(sequence=9, status="success", done=10), run(sequence=5, done=5), run("r2"))
    await shown(house, "r2")

    found = await shown(house, "r1")

    assert (found["status"], found["progress"]) == ("success", {"done": 10, "total": 10})


async def test_a_run_is_cancelled_by_a_job_of_its_service(house: House, bus: Bus) -> None:
    jobs: list[Any] = []

    async def hear(message: Any) -> None:
        jobs.append(msgspec.json.decode(message.data))

    await bus.client.subscribe("jobs.linker.cancel_run", cb=hear)
    await say(bus, run("r1"), run("r2", status="success"))
    await shown(house, "r2")

    answers = [await house.post(f"/api/runs/{each}/cancel") for each in ("r1", "r2", "r3")]

    assert [answer.status_code for answer in answers] == [202, 409, 404]
    await until(lambda: bool(jobs))
    assert jobs == [{"run_id": "r1", "cancelled_by": "first key"}]
    audit = (await house.get("/api/audit")).json()["items"][0]
    assert (audit["action"], audit["object"]) == ("run.cancelled", "run r1")


async def test_a_sync_begins_a_run_of_each_kind(house: House, linker: list[BeginRun]) -> None:
    answer = await house.post("/api/sync", {"kinds": ["seerr"], "full": True, "person": "p1"})

    assert (answer.status_code, answer.json()) == (202, {"run_ids": ["r7"]})
    [asked] = linker
    assert asked.options == {"full": True, "remove_missing": False, "person": "p1"}
    assert asked.requested_by == "first key"


@pytest.mark.usefixtures("linker")
async def test_a_run_that_was_just_begun_is_known_at_once(house: House) -> None:
    [run_id] = (await house.post("/api/sync", {"kinds": ["seerr"]})).json()["run_ids"]

    answer = await house.get(f"/api/runs/{run_id}")

    assert (answer.status_code, answer.json()["status"]) == (200, "queued")


async def test_a_sync_of_everything_begins_all_that_can_begin(house: House, linker: list[BeginRun]) -> None:
    answers = [await house.post("/api/sync", body) for body in ({}, {"kinds": None}, None)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(202, {"run_ids": ["r7"]})] * 3
    assert [asked.kind for asked in linker] == ["seerr"] * 3


@pytest.mark.parametrize(
    ("kinds", "status", "detail"),
    [
        (["seerr", "baking"], 400, "what can be synced: seerr, users"),
        (["users"], 409, "no server is set up"),
        ([], 400, None),
    ],
)
async def test_what_cannot_be_synced_is_reported(
    house: House, linker: list[BeginRun], kinds: list[str], status: int, detail: str | None
) -> None:
    answer = await house.post("/api/sync", {"kinds": kinds})

    assert answer.status_code == status
    assert detail is None or answer.json()["detail"] == detail
    assert linker == []


@pytest.mark.usefixtures("linker")
async def test_the_status_is_the_newest_run_of_each_kind_and_when_the_next_is_due(house: House, bus: Bus) -> None:
    await say(bus, run("r1", status="success"), run("r2"))
    await shown(house, "r2")

    answer = (await house.get("/api/sync/status")).json()

    assert [(each["kind"], each["next_at"], (each["run"] or {}).get("id")) for each in answer["kinds"]] == [
        ("seerr", f"{NEXT:%Y-%m-%d}T03:00:00Z", "r2"),
        ("users", None, None),
    ]


async def test_without_the_service_the_status_shows_what_is_known_and_a_sync_is_for_later(
    house: House, bus: Bus
) -> None:
    await say(bus, run("r1"))
    await shown(house, "r1")

    status, sync = await house.get("/api/sync/status"), await house.post("/api/sync", {"kinds": ["seerr"]})

    assert [(each["kind"], each["next_at"]) for each in status.json()["kinds"]] == [("seerr", None)]
    assert sync.status_code == 503


async def test_a_run_is_seen_live(house: House, bus: Bus) -> None:
    async with house.http.stream("GET", "/api/events/stream", headers=ADMIN) as answer, asyncio.timeout(30):
        lines = answer.aiter_lines()
        assert (await anext(lines)).startswith("retry:")
        await anext(lines)

        await say(bus, run(done=4))

        block = [await anext(lines) for _ in range(3)]

    assert block[1:] == ["event: run", ""]
    seen = msgspec.json.decode(block[0].removeprefix("data: "))
    assert (seen["id"], seen["status"], seen["progress"]["done"]) == ("r1", "running", 4)
