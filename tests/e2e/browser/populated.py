"""A demo in which there is something to see on every page."""

import asyncio
from http import HTTPStatus
from typing import Final

import httpx
import nats

from simulators.demo.__main__ import WEBHOOK_SECRET
from simulators.senders import jellyfin_post
from tests.demo import Demo, until

LINKED: Final = ("jonas", "priya")


def populate(demo: Demo) -> None:
    """Let two people link their accounts, one have a limit, a sender be refused, and a message end as a dead letter."""
    for person in LINKED:
        _link(demo, person)
    demo.usher("/api/users/jonas/settings", {"request_limit": 3}, method="PUT")
    assert tell(demo, b"{}", secret="a wrong one") == HTTPStatus.UNAUTHORIZED
    asyncio.run(_publish_nonsense(demo))
    until(lambda: bool(demo.usher("/api/deadletters")["total"]))


def tell(demo: Demo, payload: bytes, *, secret: str = WEBHOOK_SECRET) -> int:
    """Let Jellyfin tell of something, and return the status of Usher's answer."""
    post = jellyfin_post(payload)
    address = f"{demo.url}/webhooks/jellyfin?token={secret}"
    return httpx.post(address, content=post.body, headers=post.headers, trust_env=False).status_code


async def _publish_nonsense(demo: Demo) -> None:
    connection = await nats.connect((demo.data / "run" / "nats_url").read_text(encoding="utf-8").strip())
    await connection.jetstream().publish("webhooks.jellyfin", b"nonsense")
    await connection.close()


def _link(demo: Demo, person: str) -> None:
    pin = demo.usher("/api/integrations/plex/auth/pin", {})
    demo.stage("/plex/claim", {"person": person, "code": pin["short_code"]})
    until(lambda: _is_linked(demo, pin["pin_id"]))


def _is_linked(demo: Demo, pin_id: str) -> bool:
    return bool(demo.usher("/api/integrations/plex/auth/check", {"pin_id": pin_id})["status"] == "authorized")
