"""Users' settings through the gateway: what is stored, kept and refused, and where passwords are."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest

from shared.bus.connection import Bus
from shared.bus.questions import ask
from shared.keyring import new_key
from shared.owners import user_password
from shared.schemas.secret import Secret
from shared.schemas.users import FindBlocked
from tests.integration.gateway.house import ADMIN, House, prepared, settings
from tests.integration.linker import canaries
from tests.integration.syncer.users.serving import Users, users_of

LIST = "/api/users/settings"
PASSWORD = "canary-user-password-0815"
NOTHING = {"blocked": False, "immune": False, "request_limit": None, "has_password": False}


class Office:
    """The API as an admin uses it to change users' settings."""

    def __init__(self, house: House, users: Users, bus: Bus) -> None:
        self.house = house
        self.bus = bus
        self.vault = users.vault

    async def get(self, name: str) -> httpx.Response:
        return await self.house.get(where(name))

    async def put(self, name: str, *, dry_run: bool = False, **changes: Any) -> httpx.Response:
        query = "?dry_run=true" if dry_run else ""
        headers = {**ADMIN, "Content-Type": "application/json"}
        return await self.house.http.put(f"{where(name)}{query}", content=msgspec.json.encode(changes), headers=headers)

    async def delete(self, name: str) -> httpx.Response:
        return await self.house.delete(where(name))

    async def page(self, **query: Any) -> Any:
        return (await self.house.get(LIST, **query)).json()

    async def names(self, **query: Any) -> list[str]:
        return [each["username"] for each in (await self.page(**query))["items"]]


def where(name: str) -> str:
    return f"/api/users/{quote(name, safe='')}/settings"


def told(answer: httpx.Response) -> dict[str, Any]:
    """Return what is set, without name and time."""
    assert answer.status_code == 200, answer.text
    return {name: value for name, value in answer.json().items() if name in NOTHING}


@pytest.fixture
async def office(bus: Bus, database_url: Secret, nats_url: Secret, tmp_path: Path) -> AsyncIterator[Office]:
    keys = new_key("test")
    async with (
        users_of(bus, database_url, keys) as users,
        prepared(settings(database_url, nats_url, tmp_path, usher_encryption_keys=keys)) as house,
    ):
        yield Office(house, users, bus)


async def test_what_is_set_is_kept_and_shown_under_every_spelling_of_the_name(office: Office) -> None:
    made = await office.put("José", blocked=True, request_limit=0, password=PASSWORD)
    again = await office.put("José", blocked=True, request_limit=0, password=PASSWORD)
    shown = await office.get("  JOSE\u0301 ")

    assert made.json().keys() == {"username", *NOTHING, "changed_at"}
    assert told(made) == told(again) == {**NOTHING, "blocked": True, "request_limit": 0, "has_password": True}
    assert shown.json() == again.json()
    assert shown.json()["username"] == "José"
    assert await office.page() == {"items": [shown.json()], "total": 1, "limit": 50, "offset": 0}


async def test_what_is_left_out_stays_and_null_takes_away(office: Office) -> None:
    await office.put("anna", blocked=True, immune=True, request_limit=7, password=PASSWORD)
    untouched = await office.put("ANNA")
    less = await office.put("anna", blocked=None, request_limit=None)
    nothing = await office.put("anna", immune=False, password=None)

    assert told(untouched) == {"blocked": True, "immune": True, "request_limit": 7, "has_password": True}
    assert told(less) == {"blocked": False, "immune": True, "request_limit": None, "has_password": True}
    assert told(nothing) == NOTHING
    assert await office.vault.owners(kind="user") == []


async def test_who_is_blocked_is_told_of_several_names_at_once(office: Office) -> None:
    await office.put("José", blocked=True)
    await office.put("anna", immune=True)
    names = [" JOSE\u0301", "anna", "nobody", "a/b", "", "x" * 5000]

    found = await ask(office.bus, FindBlocked(usernames=names))

    assert found.usernames == [" JOSE\u0301"]


@pytest.mark.parametrize("nothing", [{}, {"immune": False}, {"blocked": None, "immune": None, "password": None}])
async def test_who_has_nothing_set_is_not_kept(office: Office, nothing: dict[str, Any]) -> None:
    new = await office.put("ben", **nothing)
    await office.put("anna", immune=True)
    less = await office.put("anna", immune=False)

    assert (told(new), told(less)) == (NOTHING, NOTHING)
    assert (new.json()["changed_at"], less.json()["changed_at"]) == (None, None)
    assert [(await office.get(name)).status_code for name in ("anna", "ben")] == [404, 404]
    assert await office.names() == []


async def test_a_password_is_in_the_vault_and_goes_with_the_rest(office: Office) -> None:
    await office.put("Anna", password="canary-first")
    await office.put("anna", password=PASSWORD)
    kept = await office.vault.get(user_password("ANNA"))
    await office.put("ben", password="canary-other")
    cleared = await office.delete("aNNa")
    gone = await office.get("anna")

    assert kept == Secret(PASSWORD)
    assert told(cleared)["has_password"]
    assert (gone.status_code, (await office.delete("anna")).status_code) == (404, 404)
    assert await office.vault.owners(kind="user") == [user_password("ben")]
    assert told(await office.put("anna")) == NOTHING


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("request_limit", {"request_limit": -1}),
    ("request_limit", {"request_limit": 10_001}),
    ("request_limit", {"request_limit": "many"}),
    ("blocked", {"blocked": "yes"}),
    ("immune", {"immune": []}),
    ("password", {"password": ""}),
    ("password", {"password": "x" * 201}),
    ("password", {"password": "canary\nword"}),
    ("password", {"password": ["canary"]}),
    ("has_password", {"has_password": True}),
]


async def test_a_wrong_value_is_refused_and_nothing_is_kept(office: Office) -> None:
    for field, body in WRONG:
        refused = await office.put("anna", **body, **({"immune": True} if field != "immune" else {}))

        assert refused.status_code == 400, (body, refused.text)
        assert [error["path"] for error in refused.json()["errors"]] == [field], body
        assert "canary" not in refused.text
        assert (await office.page())["total"] == 0, body


async def test_what_is_no_body_is_refused(office: Office) -> None:
    headers = {**ADMIN, "Content-Type": "application/json"}
    for body in (b'{"password": "\\ud800"}', b'{"password": "\\u0000"}', b"[]", b"null", b'{"immune": tr'):
        refused = await office.house.http.put(where("anna"), content=body, headers=headers)

        assert refused.status_code == 400, (body, refused.text)
        assert (await office.page())["total"] == 0, body


async def test_a_name_that_is_none_is_refused_by_its_field(office: Office) -> None:
    for name in (" ", "\x00", "a\nb", "x" * 101, "x" * 5000):
        answers = [await office.put(name, immune=True), await office.get(name), await office.delete(name)]

        assert {answer.status_code for answer in answers} == {400}, name
        assert {answer.json()["errors"][0]["path"] for answer in answers} == {"username"}, name


async def test_users_may_be_called_like_routes_and_signs(office: Office) -> None:
    for name in ("settings", "detailed", "requests", "...", "%2F", "😀 Kid 2", "a?b#c;d=e&f+g\\h"):
        await office.put(name, immune=True)

        assert (await office.get(name)).json()["username"] == name
        assert await office.names() == [name]
        assert told(await office.delete(name))["immune"], name


async def test_the_list_is_by_name_in_pages_and_can_be_searched(office: Office) -> None:
    for name in ("ben", "Anna", "carl_x", "dora%"):
        await office.put(name, blocked=True)

    assert await office.names() == ["Anna", "ben", "carl_x", "dora%"]
    assert await office.names(limit=2, offset=1) == ["ben", "carl_x"]
    assert await office.names(search="NN") == ["Anna"]
    assert await office.names(search="%") == ["dora%"]
    assert await office.names(search="_") == ["carl_x"]
    assert (await office.page(limit=1, search="a"))["total"] == 3


async def test_a_dry_run_checks_and_keeps_nothing(office: Office) -> None:
    new = await office.put("anna", dry_run=True, blocked=True, password=PASSWORD)
    wrong = await office.put("anna", dry_run=True, request_limit=-1)
    before = (await office.page())["total"]
    kept = await office.put("anna", immune=True)
    other = await office.put("anna", dry_run=True, blocked=True)

    assert (told(new), new.json()["changed_at"]) == ({**NOTHING, "blocked": True, "has_password": True}, None)
    assert (wrong.status_code, before) == (400, 0)
    assert (told(other)["blocked"], other.json()["changed_at"]) == (True, kept.json()["changed_at"])
    assert told(await office.get("anna")) == {**NOTHING, "immune": True}
    assert await office.vault.owners(kind="user") == []
    assert len((await office.house.get("/api/audit", action="user_settings.changed")).json()["items"]) == 1


async def test_changes_at_the_same_time_are_all_kept(office: Office) -> None:
    changes: list[dict[str, Any]] = [{"blocked": True}, {"immune": True}, {"request_limit": 3}, {"password": PASSWORD}]
    await asyncio.gather(*(office.put(name, **each) for each in changes for name in ("anna", "ANNA", " Anna ")))

    assert told(await office.get("anna")) == {"blocked": True, "immune": True, "request_limit": 3, "has_password": True}
    assert (await office.page())["total"] == 1


async def test_row_and_password_are_one_whoever_wins(office: Office) -> None:
    for _ in range(5):
        await asyncio.gather(
            *(office.put("anna", password=f"canary-{number}") for number in range(3)),
            office.delete("anna"),
            office.put("anna", password=None),
        )
        shown, kept = await office.get("anna"), await office.vault.get(user_password("anna"))

        assert (shown.status_code == 200 and shown.json()["has_password"]) == (kept is not None)


async def test_the_audit_says_what_was_changed_and_no_value(office: Office) -> None:
    await office.put("Anna", password=PASSWORD, request_limit=3)
    await office.delete("anna")
    entries = (await office.house.get("/api/audit")).json()["items"]

    assert [(each["action"], each["object"]) for each in entries if each["action"].startswith("user_settings")] == [
        ("user_settings.cleared", "Anna"),
        ("user_settings.changed", "Anna: password, request_limit"),
    ]


async def test_without_the_syncer_nothing_is_said_to_be_kept(house: House) -> None:
    answers = [await house.get(LIST), await house.http.put(where("anna"), json={"immune": True}, headers=ADMIN)]

    assert [(each.status_code, "Retry-After" in each.headers) for each in answers] == [(503, True)] * 2


@pytest.fixture
async def house(database_url: Secret, nats_url: Secret, tmp_path: Path) -> AsyncIterator[House]:
    async with prepared(settings(database_url, nats_url, tmp_path)) as running:
        yield running


async def test_a_planted_password_turns_up_nowhere(
    office: Office, bus: Bus, database_url: Secret, capfd: pytest.CaptureFixture[str]
) -> None:
    heard: list[str] = []

    async def hear(message: Any) -> None:
        heard.append(f"{message.subject} {message.data!r} {message.headers}")

    await bus.client.subscribe(">", cb=hear)
    answers = [
        await office.put("anna", password=PASSWORD),
        await office.put("anna", dry_run=True, password=PASSWORD),
        await office.put("a/b", password=PASSWORD),
        await office.put("\x00", password=PASSWORD),
        await office.put("anna", password=PASSWORD, request_limit=-1),
        await office.put("anna", password=[PASSWORD]),
        await office.get("anna"),
        await office.house.get(LIST),
        await office.house.get("/api/audit"),
        await office.house.get("/api/events"),
    ]
    await bus.client.flush()
    rows = await canaries.everything_in(database_url)
    stored = [message.decode(errors="replace") for message in await canaries.everything_on(bus)]

    assert await office.vault.get(user_password("anna")) == Secret(PASSWORD)
    assert any("ask.syncer.users.change-settings" in each for each in heard)
    assert any(PASSWORD in each for each in [*heard, *rows, *stored, *(each.text for each in answers)]) is False
    assert PASSWORD not in "".join(capfd.readouterr())
