"""Gateways tell each other over a real bus what they have received."""

import asyncio
from datetime import timedelta

import pytest

from services.gateway.webhooks.delivery_exchange import SUBJECT, DeliveryExchange
from services.gateway.webhooks.recent_deliveries import RecentDeliveries
from shared.bus.connection import Bus
from shared.bus.listening import broadcast
from shared.schemas.secret import Secret
from tests.integration.service import until

NOON = 1_800_000_000.0


@pytest.fixture
async def gateways(bus: Bus) -> tuple[RecentDeliveries, RecentDeliveries]:
    """Two gateways' recent deliveries; only the first one's are shared."""
    here, there = RecentDeliveries(), RecentDeliveries()
    await bus.add(DeliveryExchange(bus, here, clock=lambda: NOON + 4.9).listener())
    await bus.add(DeliveryExchange(bus, there, clock=lambda: NOON + 4.9).listener())
    return here, there


async def test_a_repeat_at_another_gateway_is_known_as_one(
    bus: Bus, gateways: tuple[RecentDeliveries, RecentDeliveries]
) -> None:
    here, there = gateways
    exchange = DeliveryExchange(bus, here, every=timedelta(0))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(exchange.run())
        for number in range(5000):
            here.first_at(f"key-{number}", NOON + 4.8)

        async def has_heard() -> bool:
            return len(there) == 5000

        await until(has_heard)
        running.cancel()

    assert {there.first_at(f"key-{number}", NOON + 5.2) for number in range(5000)} == {NOON + 4.8}


async def test_what_cannot_be_read_changes_nothing(
    bus: Bus, gateways: tuple[RecentDeliveries, RecentDeliveries]
) -> None:
    _, there = gateways
    for payload in (b"", b"\xff", b"{}", b'[["key"]]', b'[["key", 1800000004.8, "more"]]'):
        await broadcast(bus, SUBJECT, payload)

    async def has_heard() -> bool:
        return len(there) == 1

    await until(has_heard)


async def test_while_nats_is_away_nothing_is_told_and_nothing_waits() -> None:
    recent = RecentDeliveries()
    recent.first_at("key", NOON)

    await DeliveryExchange(Bus(Secret("nats://127.0.0.1:1"), name="test"), recent).once()

    assert recent.take_new() == []
