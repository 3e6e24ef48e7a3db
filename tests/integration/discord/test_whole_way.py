"""The whole way with the real sign-ins: a signed /link, the PIN claimed at plex.tv, the reply edited, and back."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.linker.signins.wiring import SignInsSide
from shared.bus.connection import Bus
from shared.keyring import Keyring
from shared.postgres.pool import transaction
from shared.runtime import Parts, Service
from shared.schemas.secret import Secret
from shared.sealing import Sealer
from shared.settings import UpstreamSettings
from shared.upstreams.clients import Clients
from shared.vault import Vault
from simulators.determinism import Clock
from simulators.discord.app import Discord as StandIn
from simulators.plex_tv.app import PlexTv
from simulators.serving import serving
from tests.integration.discord.conftest import ANNA, BEN, KEYS, Street, consume_commands, opened
from tests.integration.linker.linking import QUICKLY
from tests.integration.service import until


@pytest.fixture
def plex() -> PlexTv:
    return PlexTv(clock=Clock(), per_second=1000, pin_checks_at_once=1000)


@pytest.fixture
async def home(
    plex: PlexTv, stand_in: StandIn, bus: Bus, database_url: Secret, nats_url: Secret, tmp_path: Path
) -> AsyncIterator[Street]:
    """A street whose sign-ins are the linker's own, at a stand-in for plex.tv."""
    async with serving(plex) as url:

        def fill(
            street: Street, service: Service, parts: Parts, sealer: Sealer, http: httpx.AsyncClient
        ) -> Coroutine[Any, Any, None]:
            sign_ins = SignInsSide(
                parts,
                vault=Vault(parts.pool, Keyring.parse(KEYS)),
                sealer=sealer,
                clients=Clients(http, UpstreamSettings(plex_tv_url=url), parts.pool, plex_client_id="usher-test"),
                public_url="http://usher.test",
                now=lambda: datetime.now(UTC),
                intervals=QUICKLY,
            )
            consume_commands(street, service, parts, sign_ins.sign_ins)
            return sign_ins.run()

        async with opened(stand_in, bus, database_url, nats_url, tmp_path, fill_linker=fill) as street:
            yield street


def short_code(reply: dict[str, Any]) -> str:
    return str(reply["content"].split("**")[1])


def content(home: Street, interaction: dict[str, Any]) -> str:
    return str((home.stand_in.interactions.reply(interaction["token"]) or {}).get("content", ""))


async def linked(home: Street, plex: PlexTv) -> dict[str, Any]:
    """Link Anna's account, and return the interaction whose reply says so."""
    account = plex.accounts.add("anna_tv")
    interaction = home.stand_in.app.command(ANNA, "link")
    await home.use(interaction)
    pin = plex.pins.with_code(short_code(await home.reply(interaction)))
    assert pin is not None
    plex.pins.claim(pin.id, account)
    await until(lambda: "Done" in (home.stand_in.interactions.reply(interaction["token"]) or {})["content"])
    return interaction


async def test_a_link_ends_in_the_reply_that_began_it(home: Street, plex: PlexTv) -> None:
    interaction = await linked(home, plex)

    reply = await home.reply(interaction)
    who = await home.command(ANNA, "whoami")

    assert reply["content"] == "Done: the Plex account **anna\\_tv** is yours."
    assert reply["components"] == []
    assert who["content"].splitlines() == ["You are **anna\\_tv**.", "- Plex: **anna\\_tv**, linked"]


async def test_a_second_link_shows_the_pin_that_is_open(home: Street, plex: PlexTv) -> None:
    first = await home.command(ANNA, "link")
    second = await home.command(ANNA, "link")
    other = await home.command(BEN, "link")

    assert short_code(first) == short_code(second) != short_code(other)
    assert first["components"][0]["components"][0]["url"] == second["components"][0]["components"][0]["url"]


async def test_who_lost_a_pin_is_told_how_to_begin_anew(home: Street, plex: PlexTv) -> None:
    first = await home.command(ANNA, "link")
    second = await home.command(ANNA, "link")
    gone = await home.command(ANNA, "unlink")
    third = await home.command(ANNA, "link")

    assert "To begin anew, call it off with `/unlink` first" in second["content"]
    assert not any("/unlink" in each["content"] for each in (first, third))
    assert "A sign-in that was open is called off" in gone["content"]
    assert short_code(first) == short_code(second) != short_code(third)


async def test_a_message_that_another_one_takes_over_from_says_so(home: Street, plex: PlexTv) -> None:
    interactions = [home.stand_in.app.command(ANNA, "link") for _ in range(2)]
    for each in interactions:
        await home.use(each)
        await home.reply(each)
    first, second = interactions
    await until(lambda: "Another message carries on" in content(home, first))
    pin = plex.pins.with_code(short_code(await home.reply(second)))
    assert pin is not None
    plex.pins.claim(pin.id, plex.accounts.add("anna_tv"))

    await until(lambda: "Done" in content(home, second))

    assert (await home.reply(first))["components"] == []
    assert "Another message carries on" in content(home, first)
    assert home.stand_in.direct_messages(ANNA.id) == []


async def test_two_links_at_once_leave_one_message_that_promises_anything(home: Street, plex: PlexTv) -> None:
    interactions = [home.stand_in.app.command(ANNA, "link") for _ in range(2)]

    await asyncio.gather(*(home.use(each) for each in interactions))

    def is_told() -> bool:
        replies = [content(home, each) for each in interactions]
        return ["this message will say" in each for each in sorted(replies)] == [False, True]

    await until(is_told)
    await until(lambda: home.is_settled("linker-interactions", "linker-jobs"))
    assert is_told()


async def test_a_message_that_cannot_be_changed_any_more_is_left_alone(home: Street, plex: PlexTv) -> None:
    first = home.stand_in.app.command(ANNA, "link")
    await home.use(first)
    await home.reply(first)
    later = timedelta(minutes=16)
    home.stand_in.clock.advance(later)

    second = home.stand_in.app.command(ANNA, "link")
    await home.use(second, ahead=later)
    await home.reply(second)
    await until(lambda: home.is_settled("linker-interactions", "linker-jobs"))

    assert "this message will say" in content(home, first)
    assert home.stand_in.direct_messages(ANNA.id) == []


async def test_what_was_linked_is_unlinked_and_the_syncer_knows_whose_plays_to_show(home: Street, plex: PlexTv) -> None:
    await linked(home, plex)

    async def is_known() -> bool:
        async with transaction(home.syncer.pool) as connection:
            return bool(await connection.fetchval("select count(*) from accounts where source = 'discord'"))

    await until(is_known)
    history = await home.command(ANNA, "history")
    removed = await home.command(ANNA, "unlink")
    who = await home.command(ANNA, "whoami")

    assert "Nothing yet." in str(history["components"])
    assert "**anna\\_tv** any more" in removed["content"]
    assert who["content"].splitlines() == ["You are **anna\\_tv**.", "- Plex: **anna\\_tv**"]


async def test_a_link_that_ends_after_a_quarter_of_an_hour_is_told_by_a_direct_message(
    home: Street, plex: PlexTv
) -> None:
    account = plex.accounts.add("anna_tv")
    interaction = home.stand_in.app.command(ANNA, "link")
    await home.use(interaction)
    pin = plex.pins.with_code(short_code(await home.reply(interaction)))
    assert pin is not None
    home.stand_in.clock.advance(timedelta(minutes=16))
    plex.pins.claim(pin.id, account)

    assert await home.direct_messages(ANNA) == ["Done: the Plex account **anna\\_tv** is yours."]


async def test_a_plex_tv_that_fails_is_said_and_the_next_link_works(home: Street, plex: PlexTv) -> None:
    plex.fail_next(500, times=3, path="/api/v2/pins")

    failed = await home.command(ANNA, "link")

    assert "Try again" in failed["content"]
    assert plex.pins.with_code(short_code(await home.command(BEN, "link"))) is not None
