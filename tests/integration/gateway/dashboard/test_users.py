"""What is set for single users: the list, the form, and clearing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from shared.bus.connection import Bus
from shared.errors import NotFoundError
from shared.schemas.users import (
    ChangeUserSettings,
    ClearUserSettings,
    FindUserSettings,
    ListUserSettings,
    UserSettings,
    UserSettingsPage,
)
from tests.integration.gateway.dashboard.browser import Browser
from tests.integration.service import answering

AT = datetime(2026, 1, 31, 18, tzinfo=UTC)
ADA = UserSettings(username="ada", immune=True, request_limit=10, has_password=True, changed_at=AT)
pytestmark = pytest.mark.asyncio(loop_scope="module")


class Syncer:
    """Knows what is set, and keeps what it is asked to change."""

    def __init__(self) -> None:
        self.users = {"ada": ADA}
        self.lists: list[ListUserSettings] = []
        self.changes: list[ChangeUserSettings] = []
        self.cleared: list[str] = []

    async def list_users(self, question: ListUserSettings) -> UserSettingsPage:
        self.lists.append(question)
        found = [user for name, user in self.users.items() if (question.search or "") in name]
        return UserSettingsPage(found, len(found), question.limit, question.offset)

    async def find(self, question: FindUserSettings) -> UserSettings:
        if question.username not in self.users:
            raise NotFoundError("nothing is set for this user")
        return self.users[question.username]

    async def change(self, question: ChangeUserSettings) -> UserSettings:
        self.changes.append(question)
        return UserSettings(username=question.username, changed_at=AT)

    async def clear(self, question: ClearUserSettings) -> UserSettings:
        self.cleared.append(question.username)
        return await self.find(FindUserSettings(username=question.username))


@asynccontextmanager
async def syncer(bus: Bus) -> AsyncIterator[Syncer]:
    made = Syncer()
    answers = (
        ListUserSettings.answered_by(made.list_users),
        FindUserSettings.answered_by(made.find),
        ChangeUserSettings.answered_by(made.change),
        ClearUserSettings.answered_by(made.clear),
    )
    async with answering(bus, "syncer", *answers):
        yield made


@pytest.fixture
def browser(modules_browser: Browser) -> Browser:
    """One for all tests: none of them leaves anything behind."""
    return modules_browser


@pytest.fixture
def bus(bus_beside: Bus) -> Bus:
    return bus_beside


async def test_users_are_listed_searched_and_their_passwords_not_shown(browser: Browser, bus: Bus) -> None:
    async with syncer(bus) as asked:
        page = await browser.open("/users", offset="-1", search=" ad\x00a ")
        none = await browser.open("/users", search="nobody")

    assert "ada immune 10 set 2026-01-31 18:00 UTC" in page.text.replace("  ", " ")
    assert "/users/edit?name=ada" in page.links
    assert "No user has this in their name" in none.text
    assert [question.search for question in asked.lists] == ["ada", "nobody"]


async def test_without_the_syncer_the_list_says_so(browser: Browser) -> None:
    page = await browser.open("/users")

    assert (page.status, "cannot be shown right now" in page.text) == (200, True)


async def test_a_user_is_added(browser: Browser, bus: Bus) -> None:
    async with syncer(bus) as asked:
        page = await browser.open("/users/add")
        done = await browser.submit(page, "/users/add", username=" Bea ", blocked="on", request_limit="0")

    assert "The settings for Bea are saved" in done.text
    assert asked.changes == [ChangeUserSettings(username="Bea", blocked=True, immune=False, request_limit=0)]


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ({"username": ""}, 400, "A name is needed"),
        ({"username": "a/b"}, 400, "no slash"),
        ({"username": "ada"}, 409, "already"),
        ({"username": "bea", "request_limit": "many"}, 400, "request_limit"),
    ],
)
async def test_what_is_wrong_is_marked_and_what_was_typed_stays(
    browser: Browser, bus: Bus, typed: dict[str, str], status: int, said: str
) -> None:
    async with syncer(bus) as asked:
        page = await browser.open("/users/add")
        refused = await browser.submit(page, "/users/add", immune="on", password="hunter2hunter2", **typed)

    fields = refused.form("/users/add").fields
    assert refused.status == status
    assert said in refused.response.text
    assert 'aria-invalid="true"' in refused.response.text
    assert (fields["username"], fields["immune"]) == (typed["username"], "on")
    assert fields["request_limit"] == typed.get("request_limit", "")
    assert "hunter2" not in refused.response.text
    assert asked.changes == []


async def test_a_password_stays_changes_or_is_forgotten(browser: Browser, bus: Bus) -> None:
    async with syncer(bus) as asked:
        page = await browser.open("/users/edit", name="ada")
        await browser.submit(page, "/users/edit")
        await browser.submit(page, "/users/edit", password="a new password")
        await browser.submit(page, "/users/edit", forget_password="on", request_limit="")

    stays, new, forgotten = asked.changes
    assert stays == ChangeUserSettings(username="ada", blocked=False, immune=True, request_limit=10)
    assert new.password
    assert "a new password" not in repr(new)
    assert forgotten == ChangeUserSettings(
        username="ada", blocked=False, immune=True, request_limit=None, password=None
    )


async def test_clearing_says_what_will_happen_and_twice_is_once(browser: Browser, bus: Bus) -> None:
    async with syncer(bus) as asked:
        page = await browser.open("/users/clear", name="ada")
        before = list(asked.cleared)
        done = await browser.submit(page, "/users/clear")
        asked.users.clear()
        again = await browser.submit(page, "/users/clear")
        gone = await browser.open("/users/edit", name="ada")

    assert "The password is forgotten. This cannot be undone" in page.text
    assert before == []
    assert "are cleared" in done.text
    assert "Nothing was set for ada any more" in again.text
    assert gone.status == 404


@pytest.mark.parametrize("name", ["", "a/b", "../settings"])
async def test_a_name_leads_to_no_other_route(browser: Browser, bus: Bus, name: str) -> None:
    async with syncer(bus) as asked:
        page = await browser.open("/users/clear", name="ada")
        done = await browser.submit(page, "/users/clear", username=name)

    assert (done.status, done.response.url.path) == (200, "/users")
    assert asked.cleared == []
