"""/history from the command to the last ten plays, the next page, and whose plays may be shown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from services.syncer.history.same_viewing import Viewing
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
    """Publish that a person linked their Plex account, and wait until the syncer knows their Discord user."""
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


async def watch(street: Street, person: PersonRef, count: int, *, title: str = "Movie {}", of: str = "movie") -> None:
    async with transaction(street.syncer.pool) as connection:
        for number in range(count):
            viewing = Viewing(
                id=f"{person.id}-{of}-{number}",
                feeder="plex",
                feeder_server="Attic",
                account=Account("plex", "m1", person.id, person.name),
                title=Title(type="movie", title=title.format(number), year=1999),
                watched_at=NOON + timedelta(days=number),
            )
            await plays.record_play(connection, viewing, person)


def said(message: dict[str, Any]) -> str:
    """Return all texts of a message."""
    return "\n".join(filter(None, [message.get("content", ""), *texts(message)]))


def texts(message: dict[str, Any]) -> list[str]:
    return [part["content"] for part in _parts(message) if part["type"] == 10]


def buttons(message: dict[str, Any]) -> dict[str, str]:
    rows = [part for part in _parts(message) if part["type"] == 1]
    return {part["label"]: part["custom_id"] for row in rows for part in row["components"]}


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    outer: list[dict[str, Any]] = message["components"]
    return [part for each in outer for part in (each, *(each.get("components", []) if each["type"] == 17 else []))]


async def seen(street: Street, caller: Person, /, **options: str) -> str:
    return said(await street.command(caller, "history", **options))


async def changed(street: Street, interaction: dict[str, Any], *, into: str) -> dict[str, Any]:
    """Use a component of a message, and return the message once it has changed."""
    await street.use(interaction)
    await until(lambda: into in said(street.stand_in.interactions.reply(interaction["token"]) or {"components": []}))
    return await street.reply(interaction)


async def opened(street: Street, pressed: dict[str, Any]) -> dict[str, Any]:
    """Press a button, and return the form that it opens at once."""
    answer = await street.use(pressed)
    assert answer.json()["type"] == 9
    form = street.stand_in.interactions.form(pressed["token"])
    assert form is not None
    return form


async def test_who_is_not_linked_is_told_how(street: Street) -> None:
    assert "/link" in await seen(street, ANNA)


async def test_who_is_linked_sees_their_last_ten(street: Street) -> None:
    await link(street, ANNA, "p1", "Anna")
    await watch(street, PersonRef("p1", "Anna"), 12)
    await watch(street, PersonRef("p2", "Ben"), 1, title="Secret")

    reply = await street.command(ANNA, "history")

    heading, plays, place = texts(reply)
    assert (heading, place) == ("### What Anna watched", "-# 1 to 10 of 12")
    lines = plays.splitlines()
    assert [line.split("**")[1] for line in lines] == [f"Movie {number} \\(1999\\)" for number in range(11, 1, -1)]
    assert "Secret" not in said(reply)
    assert list(buttons(reply)) == ["Older", "Search"]
    assert reply["flags"] == 64 | 1 << 15


async def test_a_button_turns_the_page_in_place(street: Street) -> None:
    await link(street, ANNA, "p1", "Anna")
    await watch(street, PersonRef("p1", "Anna"), 12)
    first = await street.command(ANNA, "history")

    pressed = street.stand_in.app.button(ANNA, buttons(first)["Older"], message=first)
    second = await changed(street, pressed, into="11 to 12 of 12")

    assert list(buttons(second)) == ["Newer", "Search"]
    assert second["id"] == first["id"]


async def test_a_button_of_a_message_from_before_still_turns_the_page(street: Street) -> None:
    await link(street, ANNA, "p1", "Anna")
    await watch(street, PersonRef("p1", "Anna"), 12)
    old = {"id": "900000000000000000", "content": "", "embeds": [{"title": "What Anna watched"}], "components": []}

    pressed = street.stand_in.app.button(ANNA, "syncer:history:p1:10", message={**old, "flags": 64})
    turned = await changed(street, pressed, into="11 to 12 of 12")

    assert (turned["embeds"], turned["flags"]) == ([], 64 | 1 << 15)


async def test_a_search_opens_a_form_and_shows_what_matches_on_every_page(street: Street) -> None:
    await link(street, ANNA, "p1", "Anna")
    await watch(street, PersonRef("p1", "Anna"), 12)
    await watch(street, PersonRef("p1", "Anna"), 11, title="Amélie & {}", of="amelie")
    app, first = street.stand_in.app, await street.command(ANNA, "history")

    form = await opened(street, app.button(ANNA, buttons(first)["Search"], message=first))
    sent = app.modal(ANNA, form["custom_id"], {"title": "  amélie & "}, message=first)
    found = await changed(street, sent, into="1 to 10 of 11")
    older = await changed(street, app.button(ANNA, buttons(found)["Older"], message=found), into="11 to 11 of 11")
    again = await opened(street, app.button(ANNA, buttons(older)["Search"], message=older))
    emptied = app.modal(ANNA, again["custom_id"], {"title": ""}, message=older)
    everything = await changed(street, emptied, into="1 to 10 of 23")

    assert (form["title"], form["components"][0]["label"]) == ("Search what Anna watched", "Title or show")
    assert "value" not in form["components"][0]["component"]
    assert "With **amélie &** in the title or show" in said(found)
    assert "Movie" not in said(found) + said(older)
    assert (again["components"][0]["component"]["value"], found["id"]) == ("amélie &", first["id"])
    assert "in the title or show" not in said(everything)


async def test_a_search_without_matches_says_so_and_offers_another(street: Street) -> None:
    await link(street, ANNA, "p1", "Anna")
    app, first = street.stand_in.app, await street.command(ANNA, "history")

    sent = app.modal(ANNA, "syncer:search:p1", {"title": "nothing of this name"}, message=first)
    found = await changed(street, sent, into="Nothing matches.")

    assert (buttons(first), list(buttons(found))) == ({}, ["Search"])


HISTORY_STATES = ("p2:0", "p2", "p1:-1", "p1:99999999999", "p1:x", ":0", "p1:0:0", "p1:0:a:b", "nobody:0", "p2:0:zz")


@pytest.mark.parametrize("component", [*(f"history:{state}" for state in HISTORY_STATES), "search:p2", "search"])
async def test_a_component_that_was_tampered_with_shows_nothing_of_others(street: Street, component: str) -> None:
    await link(street, ANNA, "p1", "Anna")
    await link(street, BEN, "p2", "Ben")
    await watch(street, PersonRef("p2", "Ben"), 1, title="Secret")
    message = {"id": "900000000000000000", "content": "old", "embeds": [], "components": [], "flags": 64}
    app = street.stand_in.app

    used = app.modal(ANNA, f"syncer:{component}", {"title": "secret"}, message=message)
    if component.startswith("history"):
        used = app.button(ANNA, f"syncer:{component}", message=message)
    await street.use(used)
    (below,) = await street.follow_ups(used)

    assert "Secret" not in below["content"]
    assert below["flags"] & 64
    assert (await street.reply(used))["content"] == "old"


async def test_the_service_opens_no_form_for_who_may_not_see_the_plays(street: Street) -> None:
    await link(street, ANNA, "p1", "Anna")
    await link(street, BEN, "p2", "Ben")
    message = {"id": "900000000000000000", "content": "old", "embeds": [], "components": [], "flags": 64}

    answer = await street.use(street.stand_in.app.button(ANNA, "syncer:search:p2", message=message))
    form = await opened(street, street.stand_in.app.button(ADMIN, "syncer:search:p2", message=message))

    assert (answer.json()["type"], answer.json()["data"]["flags"]) == (4, 64)
    assert answer.json()["data"]["content"] == "Only Usher's admins see what others watched."
    assert form["title"] == "Search what Ben watched"


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
    assert "No one has this name" in await seen(street, ADMIN, person="nobody at all\x00%")


async def test_two_of_one_name_are_told_apart_by_the_list(street: Street) -> None:
    await link(street, ANNA, "p1", "Alex")
    await link(street, BEN, "p2", "Alex")

    assert "Several people have this name" in await seen(street, ADMIN, person="alex")
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

    heading, *_ = texts(reply)
    assert "](http" not in said(reply)
    assert "\\@everyone" in heading
    assert len("".join(texts(reply))) <= 4000
    assert "Search" in buttons(reply)


async def test_an_option_of_another_type_is_told(street: Street) -> None:
    interaction = street.stand_in.app.command(ANNA, "history", {"person": True})

    await street.use(interaction)

    assert (await street.reply(interaction))["content"] == "Person is not a text."
