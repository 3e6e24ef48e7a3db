"""The pages of dead letters: one or several are tried again, or dropped after a question."""

import msgspec

from services.gateway.store import dead_letters
from shared.postgres.pool import Pool
from tests.integration.gateway.dashboard.browser import Browser, Page
from tests.integration.gateway.test_dead_letters import AT, letter

HOSTILE = '<script>alert(1)</script>\u202e"' + "x" * 10_000


async def bury(pool: Pool, *ids: str) -> None:
    for each in ids:
        await dead_letters.note_dead_letter(pool, letter(each))


async def statuses(browser: Browser) -> dict[str, str]:
    items = (await browser.house.get("/api/deadletters")).json()["items"]
    return {item["id"]: item["status"] for item in items}


async def tick(browser: Browser, do: str, *ids: str) -> Page:
    page = await browser.open("/events/dead")
    return await browser.submit(page, "/events/dead/chosen", do=do, id=list(ids))


async def test_dead_letters_are_listed_and_filtered(browser: Browser, pool: Pool) -> None:
    await dead_letters.note_dead_letter(pool, letter("a"))
    await dead_letters.note_dead_letter(pool, letter("b", service="linker", reason="Odd"))

    async def found(**query: str) -> list[str]:
        page = await browser.open("/events/dead", **query)
        assert page.status == 200, page.text
        return [link for link in page.links if link in {"/events/dead/a", "/events/dead/b"}]

    assert await found() == ["/events/dead/b", "/events/dead/a"]
    assert await found(service="linker") == ["/events/dead/b"]
    assert await found(search="ODD", status="waiting") == ["/events/dead/b"]
    assert await found(status="replayed") == []
    assert await found(status="odd", offset="x") == ["/events/dead/b", "/events/dead/a"]


async def test_the_tabs_lead_to_each_other_and_say_where_one_is(browser: Browser) -> None:
    for path in ("/events", "/events/dead", "/events/refused"):
        page = await browser.open(path)

        assert {"/events", "/events/dead", "/events/refused"} <= set(page.links)
        assert f'<a href="{path}" aria-current="page">' in page.response.text


async def test_a_dead_letter_is_shown_and_replayed(browser: Browser, pool: Pool) -> None:
    await bury(pool, "l")
    page = await browser.open("/events/dead/l")

    replayed = await browser.submit(page, "/events/dead/l/replay")

    assert "it never worked" in page.text
    assert '"event": "media.play"' in page.text
    assert "canary" not in page.response.text
    assert "1 message is on its way again" in replayed.text
    assert await statuses(browser) == {"l": "replayed"}


async def test_a_dead_letter_leads_to_its_event(browser: Browser, pool: Pool) -> None:
    about_a_webhook = letter("l", payload=msgspec.Raw(b'{"id": "e1"}'))
    await dead_letters.note_dead_letter(pool, about_a_webhook)
    await dead_letters.note_dead_letter(pool, letter("m", subject="events.person.changed"))

    assert "/events/e1" in (await browser.open("/events/dead/l")).links
    assert "See its event" not in (await browser.open("/events/dead/m")).text


async def test_several_are_replayed_at_once(browser: Browser, pool: Pool) -> None:
    await bury(pool, "a", "b", "c")

    page = await tick(browser, "replay", "a", "b", "nothing")

    assert "2 messages are on their way again. 1 was gone already." in page.text
    assert await statuses(browser) == {"a": "replayed", "b": "replayed", "c": "waiting"}


async def test_several_are_dropped_only_after_a_question(browser: Browser, pool: Pool) -> None:
    await bury(pool, "a", "b", "c")

    asked = await tick(browser, "drop", "a", "b", "nothing")
    before = await statuses(browser)
    dropped = await browser.submit(asked, "/events/dead/drop")
    back = await browser.open("/events/dead/drop", id=["a", "b"])

    assert "Drop these 2 messages?" in asked.text
    assert "nothing brings it back" in asked.text
    assert set(before) == {"a", "b", "c"}
    assert "2 messages were dropped" in dropped.text
    assert set(await statuses(browser)) == {"c"}
    assert back.response.url.path == "/events/dead"
    assert "None of these dead letters is there any more" in back.text


async def test_a_drop_that_is_sent_twice_is_harmless(browser: Browser, pool: Pool) -> None:
    await bury(pool, "l")
    asked = await browser.open("/events/dead/drop", id="l")

    once, twice = [await browser.submit(asked, "/events/dead/drop") for _ in range(2)]

    assert "1 message was dropped" in once.text
    assert (twice.status, "1 was gone already" in twice.text) == (200, True)


async def test_nothing_ticked_does_nothing_and_keeps_the_filters(browser: Browser, pool: Pool) -> None:
    await bury(pool, "l")
    page = await browser.open("/events/dead", service="syncer")

    sent = await browser.submit(page, "/events/dead/chosen", do="drop")

    assert "Nothing was chosen" in sent.text
    assert sent.response.url.query == b"service=syncer"


async def test_hostile_letters_are_shown_as_text_and_pages_stay_small(browser: Browser, pool: Pool) -> None:
    for number in range(60):
        hostile = letter(f"l{number}", subject=HOSTILE, message_id=HOSTILE, reason=HOSTILE, dropped_at=AT)
        await dead_letters.note_dead_letter(pool, hostile)

    pages = [
        await browser.open("/events/dead"),
        await browser.open("/events/dead/l1"),
        await browser.open("/events/dead/drop", id=[f"l{number}" for number in range(60)]),
    ]

    assert [page.status for page in pages] == [200, 200, 200]
    assert all("<script>alert" not in page.response.text for page in pages)
    assert all(len(page.response.content) < 100_000 for page in pages)


async def test_before_anything_died_the_page_says_so(browser: Browser) -> None:
    page = await browser.open("/events/dead")

    assert "Nothing was given up" in page.text


async def test_who_may_only_read_is_offered_no_change(browser: Browser, pool: Pool) -> None:
    await bury(pool, "l")
    await pool.execute("update gateway.users set scopes = '{read}'")

    pages = [await browser.open(path) for path in ("/events/dead", "/events/dead/l")]

    assert [page.status for page in pages] == [200, 200]
    assert not any("replay" in form.action or "Drop" in page.text for page in pages for form in page.forms)
