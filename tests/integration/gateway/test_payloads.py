"""Every payload of a real server in its sender's encoding: accepted unchanged, and never a crash if mutated."""

import os
import random
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote_plus

import msgspec
import pytest

from services.gateway.webhook_secrets.check import SecretEntry, Secrets, digest
from services.gateway.webhooks.receiver import Delivery, Receiver
from shared.errors import InvalidError
from shared.schemas.webhook_senders import SOURCES, Source
from shared.schemas.webhooks import Webhook
from tests.unit.gateway.fakes import FakeClient, FakeStorage
from tests.unit.gateway.multipart_bodies import MULTIPART, Part, multipart

SHARED: Final = Path(os.environ.get("USHER_SHARED_DIR", Path(__file__).parents[4] / "shared"))  # noqa: TID251
PAYLOADS: Final = {path.stem: path.read_bytes() for path in sorted((SHARED / "payloads").glob("*-*.json"))}
NASTY: Final = [b"\x00", b"\xff", b'"', b"{", b"}", b"\\", b"\\u0000", b"\n", b"9" * 400, b"[" * 3000, b"null", b""]
THUMB: Final = Part("thumb", b"\xff\xd8" * 5000, content_type="image/jpeg", filename="thumb.jpg")
NOON: Final = datetime(2026, 11, 1, 12, tzinfo=UTC)
SECRETS: Final = Secrets([SecretEntry(id="every", digest=digest("right"))])

pytestmark = pytest.mark.skipif(not PAYLOADS, reason="the folder of payloads is not beside the checkout")


def source_of(name: str) -> Source:
    return next(source for source in SOURCES if name.startswith(source))


def wrapped(source: Source, payload: bytes) -> list[tuple[str | None, bytes]]:
    """Return the content types and bodies in which a source sends."""
    json = ("application/json", payload)
    match source:
        case "plex":
            part = Part("payload", payload, content_type="application/json")
            return [(MULTIPART, multipart(part, THUMB)), (MULTIPART, multipart(part)), json]
        case "emby":
            form = b"data=" + quote_plus(payload).encode()
            return [(MULTIPART, multipart(Part("data", payload))), ("application/x-www-form-urlencoded", form), json]
        case "jellyfin":
            return [("text/plain; charset=utf-8", payload), (None, payload), json]
        case _:
            return [json]


async def deliver(storage: FakeStorage, source: Source, content_type: str | None, body: bytes) -> None:
    delivery = Delivery(source=source, secret="right", content_type=content_type, content_length=len(body))
    await Receiver(SECRETS, storage, now=lambda: NOON).receive(delivery, FakeClient(body[:1000], body[1000:]))


@pytest.mark.parametrize("name", PAYLOADS)
async def test_a_real_payload_is_stored_byte_for_byte_in_every_wrapping(name: str) -> None:
    source, payload, storage = source_of(name), PAYLOADS[name], FakeStorage()

    for content_type, body in wrapped(source, payload):
        await deliver(storage, source, content_type, body)

    assert len({record.message_id for record in storage.records}) == 1
    stored = [msgspec.json.decode(record.data, type=Webhook) for record in storage.records]
    assert {bytes(webhook.payload) for webhook in stored} == {payload.strip()}


@pytest.mark.parametrize("name", PAYLOADS)
async def test_a_mutated_payload_is_stored_or_called_invalid(name: str) -> None:
    source, payload, storage = source_of(name), PAYLOADS[name], FakeStorage()
    chance = random.Random(name)  # noqa: S311

    for _ in range(30):
        place, length = chance.randrange(len(payload)), chance.randrange(20)
        mutated = payload[:place] + chance.choice(NASTY) + payload[place + length :]
        for content_type, body in wrapped(source, mutated):
            with suppress(InvalidError):
                await deliver(storage, source, content_type, body)

    assert all(msgspec.json.decode(record.data, type=Webhook).source == source for record in storage.records)
