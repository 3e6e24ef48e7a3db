"""Plain subscriptions, and attaching while NATS is away."""

import asyncio

from shared.bus.connection import Bus, connect
from shared.bus.listening import Listener
from shared.schemas.secret import Secret
from tests.integration.proxy import before
from tests.integration.servers import Running, wait_for_nats
from tests.integration.service import until


async def test_a_listener_hears_what_passes_on_its_subjects(bus: Bus) -> None:
    heard: list[tuple[str, bytes]] = []
    await bus.add(Listener(("events.play.>", "webhooks.>"), lambda subject, payload: heard.append((subject, payload))))
    await bus.client.flush()

    await bus.publish("events.play.recorded", b"1", message_id="1")
    await bus.publish("events.person.merged", b"2", message_id="2")
    await bus.publish("webhooks.plex.x", b"3", message_id="3")

    await until(lambda: len(heard) == 2)
    assert heard == [("events.play.recorded", b"1"), ("webhooks.plex.x", b"3")]


async def test_a_listener_is_told_when_it_may_have_missed_something(own_nats: tuple[Running, Secret]) -> None:
    server, url = own_nats
    missed = 0

    def note() -> None:
        nonlocal missed
        missed += 1

    async with connect(url, name="test") as bus:
        await bus.add(Listener(("events.>",), lambda _subject, _payload: None, on_missed=note))
        assert missed == 1
        server.kill()
        server.start()

        await until(lambda: missed == 2)


async def test_a_part_that_is_added_while_nats_is_away_works_once_it_is_back(
    own_nats: tuple[Running, Secret],
) -> None:
    server, url = own_nats
    heard: list[bytes] = []
    async with connect(url, name="test") as bus:
        server.kill()
        await until(lambda: not bus.is_connected)
        await bus.add(Listener(("events.>",), lambda _subject, payload: heard.append(payload)))
        server.start()
        await asyncio.get_running_loop().run_in_executor(None, wait_for_nats, url)
        await until(lambda: bus.is_connected)
        await bus.ready()
        await bus.client.flush()

        await bus.publish("events.play.recorded", b"back", message_id="1")

        await until(lambda: heard == [b"back"])


async def test_a_listener_that_nobody_wants_hears_nothing_until_it_is_wanted(bus: Bus) -> None:
    heard: list[bytes] = []
    wanted = False
    listener = Listener(("events.>",), lambda _subject, payload: heard.append(payload), is_wanted=lambda: wanted)
    await bus.add(listener)
    await bus.publish("events.play.recorded", b"1", message_id="1")

    wanted = True
    await listener.listen()
    await bus.publish("events.play.recorded", b"2", message_id="2")
    await until(lambda: heard == [b"2"])
    wanted = False
    await bus.publish("events.play.recorded", b"3", message_id="3")
    await bus.client.flush()

    assert heard == [b"2"]


async def test_what_others_publish_once_it_listens_is_heard_however_far_away_nats_is(
    bus: Bus, nats_url: Secret
) -> None:
    heard: list[bytes] = []
    wanted = False
    listener = Listener(("events.>",), lambda _subject, payload: heard.append(payload), is_wanted=lambda: wanted)
    async with before(nats_url) as proxy, connect(proxy.url, name="far") as far:
        await far.add(listener)
        wanted = True
        proxy.block()
        asyncio.get_running_loop().call_later(0.2, proxy.unblock)

        await listener.listen()
        await bus.publish("events.play.recorded", b"1", message_id="1")

        await until(lambda: heard == [b"1"], within_s=5)


async def test_many_who_want_it_at_once_make_it_hear_once(bus: Bus) -> None:
    heard: list[bytes] = []
    wanted = False
    listener = Listener(("events.>",), lambda _subject, payload: heard.append(payload), is_wanted=lambda: wanted)
    await bus.add(listener)

    wanted = True
    await asyncio.gather(*(listener.listen() for _ in range(10)))
    await bus.publish("events.play.recorded", b"1", message_id="1")
    await bus.client.flush()
    await until(lambda: bool(heard))

    assert heard == [b"1"]


async def test_wanting_it_while_nats_is_gone_is_no_error_and_works_once_it_is_back(
    own_nats: tuple[Running, Secret],
) -> None:
    server, url = own_nats
    heard: list[bytes] = []
    wanted = False
    listener = Listener(("events.>",), lambda _subject, payload: heard.append(payload), is_wanted=lambda: wanted)
    async with connect(url, name="test") as bus:
        await bus.add(listener)
        old = bus.client
        server.kill()
        await old.close()
        wanted = True
        await listener.listen()
        server.start()
        await asyncio.get_running_loop().run_in_executor(None, wait_for_nats, url)
        await until(lambda: bus.is_connected and bus.client is not old)
        await bus.ready()
        await bus.client.flush()

        await bus.publish("events.play.recorded", b"back", message_id="1")

        await until(lambda: heard == [b"back"])
