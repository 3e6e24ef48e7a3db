"""The pages of events and refused senders."""

import json
from typing import Any

import msgspec
import pytest

from services.gateway.events.shapes import Outcome
from services.gateway.store import events
from shared.bus.connection import Bus
from shared.postgres.pool import Pool
from shared.schemas.webhooks import Webhook
from tests.integration.gateway.dashboard.browser import Browser
from tests.integration.gateway.test_dead_letters import AT
from tests.integration.service import until

HOSTILE = '<script>alert(1)</script>\u202e"' + "x" * 10_000


def webhook(event_id: str = "w", **changes: Any) -> Webhook:
    plain = Webhook(
        id=event_id,
        source="plex",
        event="media.play",
        received_at=AT,
        payload=msgspec.Raw(b'{"event":"media.play","a":"?token=canary"}'),
        server="Living room",
    )
    return msgspec.structs.replace(plain, **changes)


async def test_events_are_listed_and_filtered(browser: Browser, pool: Pool) -> None:
    await events.note_webhooks(
        pool,
        [
            webhook("a"),
            webhook("b", source="jellyfin", event="PlaybackStop", server=None),
            webhook("c", event="media.pause"),
        ],
    )
    await events.note_outcomes(
        pool, [Outcome(webhook_id="b", source="jellyfin", attempt=0, status="handled", reason="play recorded")]
    )

    async def found(**query: str) -> list[str]:
        page = await browser.open("/events", **query)
        assert page.status == 200, page.text
        return [link.removeprefix("/events/") for link in page.links if link in {"/events/a", "/events/b", "/events/c"}]

    assert await found() == ["c", "b", "a"]
    assert await found(source="jellyfin") == ["b"]
    assert await found(event="media.play") == ["a"]
    assert await found(status="pending", server="Living room") == ["c", "a"]
    assert await found(since=f"{AT:%Y-%m-%d}", search="RECORDED") == ["b"]
    assert await found(until=f"{AT:%Y-%m-%d}") == []
    assert await found(source="kodi", status="odd", offset="-1", search="\x00") == ["c", "b", "a"]


async def test_a_day_that_is_none_is_marked_and_the_list_is_still_shown(browser: Browser, pool: Pool) -> None:
    await events.note_webhooks(pool, [webhook("a")])

    page = await browser.open("/events", since="yesterday", until="0001-01-01")

    assert page.status == 200
    assert "/events/a" in page.links
    assert "Expected a date" in page.text
    assert page.form("/events").fields["since"] == "yesterday"


async def test_before_anything_came_in_the_page_says_what_to_do(browser: Browser) -> None:
    page = await browser.open("/events")
    filtered = await browser.open("/events", search="nothing")
    beyond = await browser.open("/events", offset="50")

    assert "/settings/webhooks" in page.links
    assert "No event matches" in filtered.text
    assert "No event matches" in beyond.text


async def test_hostile_events_are_shown_as_text_and_pages_stay_small(browser: Browser, pool: Pool) -> None:
    payload = msgspec.Raw(msgspec.json.encode({"title": HOSTILE, "quotes": '"' * 200_000}))
    await events.note_webhooks(
        pool, [webhook(f"w{number}", event=HOSTILE, server=HOSTILE, payload=payload) for number in range(60)]
    )
    await events.note_outcomes(
        pool,
        [
            Outcome(webhook_id=f"w{number}", source="plex", attempt=0, status="dead", reason=HOSTILE)
            for number in range(60)
        ],
    )

    pages = [await browser.open("/events"), await browser.open("/events", offset=50), await browser.open("/events/w1")]

    assert [page.status for page in pages] == [200, 200, 200]
    assert all("<script>alert" not in page.response.text for page in pages)
    assert all(len(page.response.content) < 100_000 for page in pages)
    assert "/events?offset=50" in pages[0].links
    assert "51 to 60 of 60" in pages[1].text
    assert "only the beginning" in pages[2].text
    assert "/api/events/w1?full=true" in pages[2].links
    assert "/events/dead?search=w1" in pages[2].links


@pytest.mark.parametrize("payload", [b"null", b"[]", b'"text"', b"[" * 5_000 + b"]" * 5_000, b"12345678901234567890"])
async def test_an_odd_payload_is_shown(browser: Browser, pool: Pool, payload: bytes) -> None:
    await events.note_webhooks(pool, [webhook(payload=msgspec.Raw(payload))])

    page = await browser.open("/events/w")

    assert page.status == 200
    assert payload.decode().strip('"')[:20] in page.text


async def test_an_event_is_replayed(browser: Browser, pool: Pool, bus: Bus) -> None:
    await events.note_webhooks(pool, [webhook()])
    page = await browser.open("/events/w")

    replayed = await browser.submit(page, "/events/w/replay")

    assert '"event": "media.play"' in page.text
    assert "canary" not in page.response.text
    assert "on its way again" in replayed.text
    assert replayed.response.url.path == "/events/w"
    stream = bus.client.jetstream()

    async def is_sent() -> bool:
        return (await stream.stream_info("WEBHOOKS")).state.messages == 1

    await until(is_sent)
    sent = await stream.get_msg("WEBHOOKS", seq=1)
    assert json.loads(sent.data or b"")["attempt"] == 1


async def test_an_event_that_is_not_there_says_so(browser: Browser) -> None:
    page = await browser.open("/events/nothing")
    odd = await browser.open("/events/" + "%3F%22" * 50)

    assert (page.status, odd.status) == (404, 400)
    assert "kept for 30 days" in page.text


async def test_refused_senders_are_shown_with_the_mend(browser: Browser) -> None:
    empty = await browser.open("/events/refused")
    await browser.http.get("/webhooks/seerr")
    await browser.house.webhook("plex", {}, token="wrong")
    await browser.http.post("/webhooks/kodi/canary", json={})

    page = await browser.open("/events/refused")

    assert "Nobody was refused" in empty.text
    assert page.status == 200
    for said in ("Set the sender's method to POST", "Its secret is wrong", "Unknown source", "127.0.0.1"):
        assert said in page.text
    assert "canary" not in page.response.text
