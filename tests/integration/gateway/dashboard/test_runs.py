"""The pages of runs: how far they are, beginning them and ending them."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from services.gateway.store import runs
from shared.bus.connection import Bus
from shared.errors import ConflictError
from shared.postgres.pool import Pool
from shared.schemas.runs import BeginRun, KindList, ListKinds, Progress, Run, RunError, RunKind
from tests.integration.gateway.dashboard.browser import Browser
from tests.integration.gateway.test_runs import AT, NEXT, run
from tests.integration.service import answering, until

HOSTILE = '<script>alert(1)</script>\u202e"' + "x" * 10_000


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


async def note(pool: Pool, *noted: Run) -> None:
    for each in noted:
        await runs.note_run(pool, each)


@pytest.mark.usefixtures("linker")
async def test_runs_are_listed_with_their_progress_and_filtered(browser: Browser, pool: Pool) -> None:
    await note(pool, run("r1", status="success", done=10), run("r2", kind="users"), run("r3", done=4))

    async def found(**query: str) -> list[str]:
        page = await browser.open("/runs", **query)
        assert page.status == 200, page.text
        rows = page.response.text.partition('id="list"')[2]
        return [each for each in ("r3", "r2", "r1") if f'href="/runs/{each}"' in rows]

    page = await browser.open("/runs")

    assert '<progress max="10" value="4"' in page.response.text
    assert "4 of 10 done" in page.text
    assert f"{NEXT:%Y-%m-%d %H:%M} UTC" in page.text, "when the next is due"
    assert await found() == ["r3", "r2", "r1"]
    assert await found(kind="users") == ["r2"]
    assert await found(status="success") == ["r1"]
    assert await found(status="odd", offset="-5") == ["r3", "r2", "r1"]
    assert await found(kind="baking") == []


async def test_without_the_service_the_runs_are_still_shown(browser: Browser, pool: Pool) -> None:
    await note(pool, run("r1"))

    page = await browser.open("/runs")
    sync = await browser.open("/runs/sync")
    sent = await browser.submit(sync, "/runs/sync", person="p1")

    assert "/runs/r1" in page.links
    assert (sync.status, sent.status) == (200, 503)
    assert sent.form("/runs/sync").fields["person"] == "p1"


async def test_a_run_is_shown_with_what_failed(browser: Browser, pool: Pool) -> None:
    failed = msgspec.structs.replace(
        run("r1", status="partial"),
        requested_by=HOSTILE,
        subject=HOSTILE,
        progress=Progress(3),
        finished_at=AT,
        duration_ms=1500,
        counts={"persons": 3, "errors": 51, HOSTILE: 1},
        errors=tuple(RunError(HOSTILE, "Seerr answered 502") for _ in range(50)),
    )
    await note(pool, failed)

    pages = [await browser.open(path) for path in ("/runs/r1", "/runs")]

    assert "Seerr answered 502" in pages[0].text
    assert "The first 50 of 51" in pages[0].text
    assert "after 1.5 s" in pages[0].text
    assert all("<script>alert" not in page.response.text for page in pages)
    assert all(len(page.response.content) < 100_000 for page in pages)
    assert "/runs/r1/cancel" not in pages[0].links


async def test_a_run_is_cancelled_after_a_question(browser: Browser, pool: Pool, bus: Bus) -> None:
    jobs: list[Any] = []

    async def hear(message: Any) -> None:
        jobs.append(msgspec.json.decode(message.data))

    await bus.client.subscribe("jobs.linker.cancel_run", cb=hear)
    await note(pool, run("r1"))
    shown = await browser.open("/runs/r1")

    asked = await browser.open("/runs/r1/cancel")
    cancelled = await browser.submit(asked, "/runs/r1/cancel")

    assert "/runs/r1/cancel" in shown.links
    assert "What it has done so far stays" in asked.text
    assert "ends in a moment" in cancelled.text
    await until(lambda: bool(jobs))
    assert jobs == [{"run_id": "r1", "cancelled_by": "admin"}]


async def test_a_run_that_is_over_is_not_cancelled(browser: Browser, pool: Pool) -> None:
    await note(pool, run("r1"))
    asked = await browser.open("/runs/r1/cancel")
    await note(pool, run("r1", status="success", sequence=9))

    late = await browser.submit(asked, "/runs/r1/cancel")
    later = await browser.open("/runs/r1/cancel")

    for page in (late, later):
        assert (page.status, page.response.url.path) == (200, "/runs/r1")
        assert "This run is over" in page.text


async def test_a_sync_begins_with_its_options(browser: Browser, linker: list[BeginRun]) -> None:
    page = await browser.open("/runs/sync", kind="seerr")

    begun = await browser.submit(page, "/runs/sync", full="on", person="p1")

    assert begun.response.url.path == "/runs/r7"
    assert "The run has begun" in begun.text
    [asked] = linker
    assert (asked.kind, asked.options) == ("seerr", {"full": True, "remove_missing": False, "person": "p1"})


async def test_what_removes_something_begins_only_after_a_question(browser: Browser, linker: list[BeginRun]) -> None:
    page = await browser.open("/runs/sync")

    asked = await browser.submit(page, "/runs/sync", kinds=["seerr"], remove_missing="on")
    before = list(linker)
    begun = await browser.submit(asked, "/runs/sync")

    assert "cannot be undone" in asked.text
    assert before == []
    assert "The run has begun" in begun.text
    assert [each.options["remove_missing"] for each in linker] == [True]


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ({"person": "not an id"}, 400, 'id="f-person-note"'),
        ({"kinds": ["baking"]}, 400, "No such kind"),
        ({"kinds": ["users"]}, 409, "no server is set up"),
    ],
)
async def test_a_sync_that_cannot_begin_says_why_and_keeps_what_was_typed(
    browser: Browser, linker: list[BeginRun], typed: dict[str, Any], status: int, said: str
) -> None:
    page = await browser.open("/runs/sync")

    sent = await browser.submit(page, "/runs/sync", **{"full": "on", "person": "p1", **typed})

    assert sent.status == status
    assert said in sent.response.text
    assert (sent.form("/runs/sync").fields["full"], linker) == ("on", [])
    assert sent.form("/runs/sync").fields["person"] == typed.get("person", "p1")


async def test_before_anything_ran_the_page_leads_to_the_first_run(browser: Browser) -> None:
    page = await browser.open("/runs")
    missing = await browser.open("/runs/nothing")

    assert "Nothing has run yet" in page.text
    assert "/runs/sync" in page.links
    assert (missing.status, "kept for 90 days" in missing.text) == (404, True)
