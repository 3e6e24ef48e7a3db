"""Secrets that are typed into forms, and those that Usher makes, come out nowhere that they do not belong.

The secrets of the house say `canary` too: its admin's password, its API key and its webhook secret.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import pytest

from shared.bus.connection import Bus
from shared.bus.questions import subject
from shared.errors import Fault, InvalidError
from shared.postgres.pool import Pool
from shared.schemas.plex import LibraryPage, ListLibraries, ListSessions, SessionPage
from shared.schemas.question import Answer
from shared.schemas.servers import (
    AddServer,
    ChangeSeerr,
    ChangeServer,
    DiscoveredServers,
    DiscoverPlex,
    FindServer,
    SeerrConnection,
    Server,
    ServerTest,
    ShowSeerr,
    TestServer,
    TryServer,
)
from shared.schemas.users import ChangeUserSettings, FindUserSettings, UserSettings
from tests.integration.gateway.dashboard.accounts import Linker, server
from tests.integration.gateway.dashboard.browser import Browser, Page, browsing
from tests.integration.gateway.dashboard.test_access import GUARDED, path_of
from tests.integration.gateway.house import PASSWORD, House
from tests.integration.service import answering

SIGN: Final = "canary"
FACTS: Final = ("events.>", "jobs.>", "webhooks.>", "dead.>", "_INBOX.>")
"""All subjects but those of questions; answers come to inboxes."""
WITH_ADDRESSES: Final = frozenset({"/settings/webhooks", "/setup", "/servers/Attic", "/seerr"})
"""Pages that show an admin where senders send to, which holds the webhook's secret."""
TYPED: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("/account/password", {"current_password": "canary-0", "new_password": "canary-1-long", "repeated": "canary-2"}),
    (
        "/account/password",
        {"current_password": "canary-0", "new_password": "canary-1-long", "repeated": "canary-1-long"},
    ),
    ("/account/password", {"current_password": "canary-0", "new_password": "canary", "repeated": "canary"}),
    ("/servers/add", {"type": "plex", "do": "find", "token": "canary-3"}),
    ("/servers/add", {"type": "plex", "do": "find", "token": "canary 3\n"}),
    ("/servers/add", {"type": "jellyfin", "do": "test", "name": "B", "url": "http://b", "token": "canary-4"}),
    ("/servers/add", {"type": "jellyfin", "do": "keep", "name": "B", "url": "http://b", "token": "canary-4"}),
    ("/servers/add", {"type": "jellyfin", "do": "keep", "name": "", "url": "", "token": "canary\x01"}),
    ("/servers/Attic", {"url": "http://c", "token": "canary-5", "password_suffix": "canary-6"}),
    ("/servers/Attic", {"url": "http://c", "token": "canary-5", "password_suffix": "canary-6", "seen": "now"}),
    ("/seerr", {"url": "http://seerr", "api_key": "canary-7", "do": "test"}),
    ("/seerr", {"url": "http://seerr", "api_key": "canary-7", "seen": "now", "do": "test"}),
    ("/seerr", {"url": "http://seerr", "api_key": "canary-7", "seen": "now"}),
    ("/integrations/jellyfin/connect", {"server": "Attic", "username": "ada", "password": "canary-8"}),
    ("/integrations/emby/connect", {"server": "Attic", "username": "wrong", "password": "canary-8"}),
    ("/users/add", {"username": "ada", "password": "canary-9"}),
    ("/users/edit", {"username": "ada", "password": "canary-9", "request_limit": "none"}),
    ("/theme", {"theme": "canary-as-a-theme", "password": "canary-10"}),
)
"""Each form with secrets, refused and taken."""


class Elsewhere(Linker):
    """A linker and a syncer that refuse what is tested, and take what is kept."""

    async def find_server(self, question: FindServer) -> Server:
        return server(question.name)

    async def take(self, _question: AddServer | ChangeServer) -> Server:
        return server("Attic")

    async def refuse(self, _question: TryServer) -> Server:
        raise InvalidError("the server refuses this", faults=(Fault("token", "is refused (401)"),))

    async def discover(self, _question: DiscoverPlex) -> DiscoveredServers:
        raise InvalidError("plex.tv refuses this", faults=(Fault("token", "is refused (401)"),))

    async def test(self, _question: TestServer) -> ServerTest:
        raise InvalidError("the server refuses this")

    async def seerr(self, question: ShowSeerr | ChangeSeerr) -> SeerrConnection:
        if isinstance(question, ChangeSeerr) and question.dry_run:
            raise InvalidError("Seerr refuses this", faults=(Fault("api_key", "is refused (403)"),))
        return SeerrConnection(url="http://seerr", enabled=True, api_key="…key")

    async def libraries(self, _question: ListLibraries) -> LibraryPage:
        return LibraryPage([], 0, 50, 0)

    async def sessions(self, _question: ListSessions) -> SessionPage:
        return SessionPage([], 0, 50, 0)

    async def user(self, question: FindUserSettings | ChangeUserSettings) -> UserSettings:
        return UserSettings(username=question.username, has_password=True)

    def answers(self) -> list[Answer]:
        return [
            *super().answers(),
            FindServer.answered_by(self.find_server),
            AddServer.answered_by(self.take),
            ChangeServer.answered_by(self.take),
            TryServer.answered_by(self.refuse),
            DiscoverPlex.answered_by(self.discover),
            TestServer.answered_by(self.test),
            ShowSeerr.answered_by(self.seerr),
            ChangeSeerr.answered_by(self.seerr),
            ListLibraries.answered_by(self.libraries),
            ListSessions.answered_by(self.sessions),
        ]

    def syncers_answers(self) -> list[Answer]:
        return [FindUserSettings.answered_by(self.user), ChangeUserSettings.answered_by(self.user)]


@asynccontextmanager
async def overheard(bus: Bus) -> AsyncIterator[list[bytes]]:
    """Have all other services answer, and collect every message on the bus."""
    messages: list[bytes] = []

    async def hear(message: Any) -> None:
        messages.append(f"{message.subject} {message.headers}".encode() + message.data)

    made = Elsewhere()
    async with answering(bus, "linker", *made.answers()), answering(bus, "syncer", *made.syncers_answers()):
        # Not ">": a question that nobody answers would wait for us.
        asked = [subject(each.question.service, each.question) for each in (*made.answers(), *made.syncers_answers())]
        heard = [await bus.client.subscribe(each, cb=hear) for each in (*asked, *FACTS)]
        yield messages
        await bus.client.flush()
        for subscription in heard:
            await subscription.unsubscribe()


async def tables_of(pool: Pool) -> str:
    """Return all that the gateway keeps, as text."""
    names = await pool.fetch("select tablename from pg_tables where schemaname = 'gateway'")
    rows = [await pool.fetch(f"select t::text as row from gateway.{name['tablename']} t") for name in names]  # noqa: S608 (names of our own)
    return "\n".join(row["row"] for table in rows for row in table)


def addresses_of(page: Page) -> str:
    """Return every address that a page came from or leads to, and the cookies that it sets."""
    answers = [*page.response.history, page.response]
    return " ".join(
        [
            *(str(answer.url) + str(answer.headers) for answer in answers),
            *page.links,
            *(form.action for form in page.forms),
        ]
    )


async def send(browser: Browser, path: str, typed: dict[str, str]) -> Page:
    """Send a form as its page would."""
    known = (await browser.open(path)).form(path).fields if "seen" in typed else {}
    fields = {**typed, "seen": str(known.get("seen", "")), "csrf": await csrf(browser)}
    return Page(await browser.http.post(path, data=fields, follow_redirects=True))


async def csrf(browser: Browser) -> str:
    return str((await browser.open("/account")).form("/logout").fields["csrf"])


async def pages(browser: Browser) -> AsyncIterator[Page]:
    """Open every page, also those of things that are there."""
    known = {"/servers/Attic", "/servers/Attic/remove", "/people/ada", "/integrations/plex/sign-in/pin1"}
    for path in sorted(known | {path_of(route) for route in GUARDED if route.method == "GET"}):
        yield await browser.open(path)


async def test_typed_secrets_come_out_nowhere(
    browser: Browser, bus: Bus, pool: Pool, capfd: pytest.CaptureFixture[str]
) -> None:
    async with overheard(bus) as messages:
        for path, typed in TYPED:
            page = await send(browser, path, typed)

            shown = page.response.text.replace("canary-as-a-theme", "")
            assert SIGN not in shown or path in WITH_ADDRESSES, (path, typed)
            assert not any(value in shown for value in typed.values() if SIGN in value), (path, typed)
            assert SIGN not in addresses_of(page), (path, typed)
            assert page.status < 500, (path, typed, page.text)
        changed = await send(
            browser,
            "/account/password",
            {"current_password": PASSWORD, "new_password": "canary-11-long", "repeated": "canary-11-long"},
        )
        async for page in pages(browser):
            assert SIGN not in page.response.text or page.response.url.path in WITH_ADDRESSES, page.response.url
            assert "canary-" not in page.response.text.replace("ushw_canary-of", ""), page.response.url
            assert SIGN not in addresses_of(page), page.response.url

    assert "password is changed" in changed.text
    assert len(messages) > len(TYPED)
    assert [message for message in messages if SIGN.encode() in message] == []
    assert SIGN not in await tables_of(pool)
    assert SIGN not in (await browser.http.get("/metrics")).text
    output = capfd.readouterr()
    assert SIGN not in output.out + output.err


async def test_secrets_of_a_form_whose_session_has_ended_are_not_kept(browser: Browser, house: House) -> None:
    token = await csrf(browser)
    for each in (await house.get("/api/auth/sessions")).json()["items"]:
        await house.delete(f"/api/auth/sessions/{each['id']}")

    for path, typed in TYPED:
        answer = await browser.http.post(path, data={**typed, "csrf": token})

        shown = answer.text.replace("canary-as-a-theme", "")
        assert (answer.status_code, SIGN in shown) == (401, False), (path, answer.text)


async def test_what_usher_makes_is_shown_to_whom_it_is_for_only(
    browser: Browser, bus: Bus, pool: Pool, capfd: pytest.CaptureFixture[str]
) -> None:
    session = browser.http.cookies["usher_session"]
    async with overheard(bus) as messages:
        await send(browser, "/servers/Attic/webhook", {})
        made = await browser.submit(await browser.open("/settings/keys"), "/settings/keys", name="k", scope="read")
        key = next(part for part in made.response.text.split('"') if part.startswith("usha_"))
        seen: list[httpx.Response] = [page.response async for page in pages(browser)]
        await pool.execute("update gateway.users set scopes = '{write}'")
        written = [page.response async for page in pages(browser)]
        left = await browser.submit(await browser.open("/account"), "/logout")

    for answer in [*seen, *written, left.response]:
        assert key not in answer.text + str(answer.url), answer.url
        assert session not in answer.text + str(answer.url), answer.url
        assert answer.headers["cache-control"] == "no-store", answer.url
    assert {answer.url.path for answer in seen if "ushw_" in answer.text} == WITH_ADDRESSES
    assert [answer.url.path for answer in written if "ushw_" in answer.text] == []
    kept = await tables_of(pool) + str(messages) + "".join(capfd.readouterr())
    assert key not in kept
    assert session not in kept


async def test_after_logging_out_every_page_asks_to_log_in(browser: Browser) -> None:
    session = browser.http.cookies["usher_session"]
    await browser.submit(await browser.open("/account"), "/logout")

    assert "usher_session" not in browser.http.cookies
    async with browsing(browser.house) as thief:
        thief.http.headers["cookie"] = f"usher_session={session}"
        async for page in pages(thief):
            assert page.response.url.path == "/login"
