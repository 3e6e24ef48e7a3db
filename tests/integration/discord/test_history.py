"""/history from what is typed to the last ten plays, a page further, and whose they may be."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from services.syncer.history.domain import Viewing
from services.syncer.history.store import plays
from shared.postgres.pool import transaction
from shared.schemas.events import AccountLinked, subject
from shared.schemas.history import PersonRef
from shared.schemas.media import Account, Title
from simulators.discord.interactions import Person
from tests.integration.discord.conftest import ADMIN, ANNA, BEN, Street
from tests.integration.service import until

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


async def link(street: Street, person: Person, person_id: str, name: str) -> None:
    """Say that a person linked his Plex account, and wait until the syncer knows who he is on Discord."""
    linked = AccountLinked(
        id=f"linked-{person_id}",
        occurred_at=NOON,
        person_id=person_id,
        person_name=name,
        provider="plex",
        account_id=f"plex-{person_id}",
        username=name.lower(),
        discord_id=person.id,
    )
    await street.bus.publish(subject(linked), msgspec.json.encode(linked), message_id=linked.id)

    async def is_known() -> bool:
        async with transaction(street.syncer.pool) as connection:
            return bool(await connection.fetchval("select count(*) from accounts where id = $1", person.id))

    await until(is_known)


async def watch(street: Street, person: PersonRef, count: int, *, title: str = "Movie {}") -> None:
    async with transaction(street.syncer.pool) as connection:
        for number in range(count):
            viewing = Viewing(
                id=f"{person.id}-{number}",
                feeder="plex",
                feeder_server="Attic",
                account=Account("plex", "m1", person.id, person.name),
                title=Title(type="movie", title=title.format(number), year=1999),
                watched_at=NOON + timedelta(days=number),
            )
            await plays.record_play(connection, viewing, person)


async def seen(street: Street, caller: Person, /, **options: str) -> str:
    reply = await street.command(caller, "history", **options)
    return str(reply["content"] or reply["embeds"][0]["description"])


def buttons(message: dict[str, Any]) -> dict[str, str]:
    return {part["label"]: part["custom_id"] for row in message["components"] for part in row["components"]}


async def test_who_is_not_linked_is_told_how(street: Street) -> None:
    assert "/link" in await seen(street, ANNA)


async def test_who_is_linked_sees_his_last_ten(street: Street) -> None:
    await link(street, ANNA, "p1", "Anna")
    await watch(street, PersonRef("p1", "Anna"), 12)
    await watch(street, PersonRef("p2", "Ben"), 1, title="Secret")

    reply = await street.command(ANNA, "history")

    (embed,) = reply["embeds"]
    lines = embed["description"].splitlines()
    assert (embed["title"], embed["footer"]["text"]) == ("What Anna watched", "1 to 10 of 12")
    assert [line.split("**")[1] for line in lines] == [f"Movie {number} \\(1999\\)" for number in range(11, 1, -1)]
    assert "Secret" not in embed["description"]
    assert reply["flags"] & 64


async def test_a_button_turns_the_page_in_place(street: Street) -> None:
    await link(street, ANNA, "p1", "Anna")
    await watch(street, PersonRef("p1", "Anna"), 12)
    first = await street.command(ANNA, "history")

    pressed = street.stand_in.app.button(ANNA, buttons(first)["Older"], message=first)
    answer = await street.use(pressed)
    await until(lambda: _footer(street, pressed) == "11 to 12 of 12")
    second = await street.reply(pressed)

    assert answer.json() == {"type": 6}
    assert list(buttons(second)) == ["Newer"]
    assert second["id"] == first["id"]


def _footer(street: Street, interaction: dict[str, Any]) -> str:
    message = street.stand_in.interactions.reply(interaction["token"]) or {}
    return str(message["embeds"][0].get("footer", {}).get("text")) if message.get("embeds") else ""


@pytest.mark.parametrize("state", ["p2:0", "p2", "p1:-1", "p1:99999999999", "p1:x", ":0", "p1:0:0", "nobody:0"])
async def test_a_button_that_was_tampered_with_shows_nothing_of_others(street: Street, state: str) -> None:
    await link(street, ANNA, "p1", "Anna")
    await link(street, BEN, "p2", "Ben")
    await watch(street, PersonRef("p2", "Ben"), 1, title="Secret")
    message = {"id": "900000000000000000", "content": "old", "embeds": [], "components": [], "flags": 64}

    pressed = street.stand_in.app.button(ANNA, f"syncer:history:{state}", message=message)
    await street.use(pressed)
    await until(lambda: (street.stand_in.interactions.reply(pressed["token"]) or {}).get("content") != "old")

    assert "Secret" not in str(street.stand_in.interactions.reply(pressed["token"]))


async def test_others_are_for_admins(street: Street) -> None:
    await link(street, ANNA, "p1", "Anna")
    await link(street, BEN, "p2", "Ben")
    await watch(street, PersonRef("p2", "Ben"), 1)

    assert "Only Usher's admins" in await seen(street, ANNA, person="p2")
    assert "Only Usher's admins" in await seen(street, ANNA, person="Ben")
    assert "Only Usher's admins" in await seen(street, ANNA, person="nobody at all")
    assert "Nothing yet" in await seen(street, ANNA, person="ANNA")
    assert "Movie 0" in await seen(street, ADMIN, person="p2")
    assert "Movie 0" in await seen(street, ADMIN, person="ben")
    assert "Nobody is called so" in await seen(street, ADMIN, person="nobody at all\x00%")


async def test_two_of_one_name_are_told_apart_by_the_list(street: Street) -> None:
    await link(street, ANNA, "p1", "Alex")
    await link(street, BEN, "p2", "Alex")

    assert "Several people are called so" in await seen(street, ADMIN, person="alex")
    assert "Nothing yet" in await seen(street, ANNA, person="alex")


async def test_names_are_offered_while_somebody_types(street: Street) -> None:
    await link(street, ANNA, "p1", "Anna")
    await link(street, BEN, "p2", "Ben%_")

    async def offered(person: Person, typed: str) -> list[tuple[str, str]]:
        typing = street.stand_in.app.autocomplete(person, "history", {"person": typed}, focused="person")
        answer = await street.use(typing)
        return [(choice["name"], choice["value"]) for choice in answer.json()["data"]["choices"]]

    assert await offered(ADMIN, "") == [("Anna", "p1"), ("Ben%_", "p2")]
    assert await offered(ADMIN, "%_") == [("Ben%_", "p2")]
    assert await offered(ADMIN, "nn") == [("Anna", "p1")]
    assert await offered(ANNA, "Ben") == [("Anna", "p1")]
    assert await offered(Person(id="1", name="stranger"), "a") == []


async def test_a_hostile_title_is_shown_as_it_is(street: Street) -> None:
    await link(street, ANNA, "p1", "@everyone")
    await watch(
        street, PersonRef("p1", "@everyone"), 10, title="[x](https://evil.example) @everyone ``` {} " + "y" * 400
    )

    reply = await street.command(ANNA, "history")

    (embed,) = reply["embeds"]
    assert "](http" not in embed["description"]
    assert "\\@everyone" in embed["title"]
    assert len(embed["description"]) <= 4096


async def test_an_option_of_another_type_is_told(street: Street) -> None:
    interaction = street.stand_in.app.command(ANNA, "history", {"person": True})

    await street.use(interaction)

    assert (await street.reply(interaction))["content"] == "Person is not a text."
