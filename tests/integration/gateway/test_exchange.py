"""Gateways tell each other on a real bus what they took in."""

import asyncio
from datetime import timedelta

import pytest

from services.gateway.webhooks.exchange import SUBJECT, Exchange
from services.gateway.webhooks.recent import Recent
from shared.bus.connection import Bus
from shared.bus.listening import tell
from shared.schemas.secret import Secret
from tests.integration.service import until

NOON = 1_800_000_000.0


@pytest.fixture
async def gateways(bus: Bus) -> tuple[Recent, Recent]:
    """Two gateways' recent deliveries; only the first one's are told."""
    here, there = Recent(), Recent()
    await bus.add(Exchange(bus, here, clock=lambda: NOON + 4.9).part())
    await bus.add(Exchange(bus, there, clock=lambda: NOON + 4.9).part())
    return here, there


async def test_a_repeat_at_another_gateway_is_known_as_one(bus: Bus, gateways: tuple[Recent, Recent]) -> None:
    here, there = gateways
    exchange = Exchange(bus, here, every=timedelta(0))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(exchange.run())
        for number in range(5000):
            here.first_at(f"key-{number}", NOON + 4.8)

        async def has_heard() -> bool:
            return len(there) == 5000

        await until(has_heard)
        running.cancel()

    assert {there.first_at(f"key-{number}", NOON + 5.2) for number in range(5000)} == {NOON + 4.8}


async def test_what_cannot_be_read_changes_nothing(bus: Bus, gateways: tuple[Recent, Recent]) -> None:
    _, there = gateways
    for payload in (b"", b"\xff", b"{}", b'[["key"]]', b'[["key", 1800000004.8, "more"]]'):
        await tell(bus, SUBJECT, payload)

    async def has_heard() -> bool:
        return len(there) == 1

    await until(has_heard)


async def test_while_nats_is_away_nothing_is_told_and_nothing_waits() -> None:
    recent = Recent()
    recent.first_at("key", NOON)

    await Exchange(Bus(Secret("nats://127.0.0.1:1"), name="test"), recent).once()

    assert recent.take_untold() == []
