"""Webhooks while JetStream is away or frozen: every 202 arrives, once and in order, even if the gateway dies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from services.gateway.spool.drain import Drain
from services.gateway.spool.nats_or_spool import NatsOrSpool
from services.gateway.spool.quota import Limits
from services.gateway.spool.spool import Spool, open_spool
from tests.integration.gateway.serving import Gateway, post, serving
from tests.unit.gateway.fakes import FakePublisher, acknowledge, say_nothing

PATIENCE = timedelta(milliseconds=100)


@asynccontextmanager
async def gateway_on(folder: Path, publisher: FakePublisher) -> AsyncIterator[tuple[Gateway, Spool]]:
    async with open_spool(folder) as spool:
        drain = asyncio.create_task(Drain(spool, publisher, patience=PATIENCE).run())
        async with serving(NatsOrSpool(publisher, spool)) as gateway:
            yield gateway, spool
        drain.cancel()
        with suppress(asyncio.CancelledError):
            await drain


async def tell(gateway: Gateway, number: int) -> str:
    body = b'{"event":"media.play","number":%d}' % number
    answer = await gateway.ask(post("/webhooks/plex?token=plex-secret", body, "application/json"))
    assert answer.status == 202
    return str(answer.json()["id"])


async def emptied(spool: Spool) -> None:
    async with asyncio.timeout(60):
        while spool.state().records:  # noqa: ASYNC110 - the spool tells nobody when it is empty
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("is_connected", [False, True])
async def test_all_that_was_promised_during_an_outage_arrives_afterwards_in_order(
    tmp_path: Path,
    is_connected: bool,  # noqa: FBT001
) -> None:
    publisher = FakePublisher(say_nothing)
    publisher.is_connected = is_connected
    async with gateway_on(tmp_path, publisher) as (gateway, spool):
        promised = [await tell(gateway, number) for number in range(60)]

        publisher.is_connected, publisher.answer = True, acknowledge
        await emptied(spool)
        promised.append(await tell(gateway, 60))

    assert list(publisher.messages) == promised


async def test_a_restart_during_an_outage_loses_nothing(tmp_path: Path) -> None:
    publisher = FakePublisher()
    publisher.is_connected = False
    async with gateway_on(tmp_path, publisher) as (gateway, _):
        promised = [await tell(gateway, number) for number in range(20)]

    publisher.is_connected = True
    async with gateway_on(tmp_path, publisher) as (gateway, spool):
        promised.append(await tell(gateway, 20))
        await emptied(spool)

    assert list(publisher.messages) == promised


async def test_a_frozen_jetstream_is_not_waited_for_at_each_webhook(tmp_path: Path) -> None:
    publisher = FakePublisher(say_nothing)
    async with gateway_on(tmp_path, publisher) as (gateway, spool):
        promised = [await tell(gateway, number) for number in range(30)]
        kept = spool.state().records

    assert (len(set(promised)), kept) == (30, 30)
    assert len(set(publisher.sent)) < 30, "each of them was tried, and waited for"


async def test_with_jetstream_away_and_the_spool_full_the_sender_gets_503(tmp_path: Path) -> None:
    publisher = FakePublisher()
    publisher.is_connected = False
    limits = Limits(records=8)
    async with open_spool(tmp_path, limits=limits) as spool, serving(NatsOrSpool(publisher, spool)) as gateway:
        for number in range(2):
            await tell(gateway, number)
        answer = await gateway.ask(post("/webhooks/plex?token=plex-secret", b"{}", "application/json"))

    assert answer.status == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.is_problem()
