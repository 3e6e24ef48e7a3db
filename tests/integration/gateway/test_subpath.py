"""A gateway whose public address has a path, behind a proxy that strips it and one that does not."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from shared.bus.connection import Bus
from shared.schemas.question import Answer
from shared.schemas.secret import Secret
from shared.schemas.signins import BeginSignIn, CheckSignIn, Pin, SignInState
from tests.integration.gateway.dashboard.browser import browsing
from tests.integration.gateway.house import WEBHOOK_SECRET, House, prepared, settings
from tests.integration.gateway.pages import Links
from tests.integration.service import answering


@pytest.fixture
async def beneath(database_url: Secret, nats_url: Secret, tmp_path: Path) -> AsyncIterator[House]:
    """A gateway whose public address has a path."""
    async with prepared(
        settings(database_url, nats_url, tmp_path, usher_public_url="http://nas.local/usher/")
    ) as running:
        yield running


async def test_the_page_finds_its_files_under_any_path_whether_or_not_a_proxy_takes_it_away(beneath: House) -> None:
    for stripped in ("/usher", ""):
        for page in ("/docs", "/docs/", "/usher/docs", "/usher/docs/"):
            await finds_its_files(beneath, page, stripped=stripped)


async def finds_its_files(house: House, page: str, *, stripped: str) -> None:
    async def get(url: str) -> httpx.Response:
        answer = await house.get(urlsplit(url).path.removeprefix(stripped), headers={})
        assert answer.status_code == 200, (page, stripped, url)
        return answer

    folder = urljoin(f"http://nas.local{page.rstrip('/')}", ".")
    links = Links()
    links.feed((await get(f"http://nas.local{page}")).text)
    addresses = [urljoin(f"http://nas.local{page}", link) for link in links.found if not link.startswith("data:")]
    files = {address: (await get(address)).text for address in addresses}

    assert [address for address in addresses if not address.startswith(f"{folder}docs/")] == []
    [(start, script)] = [(address, text) for address, text in files.items() if address.endswith("start.js")]
    described = urljoin(start, re.findall(r'new URL\("(.+)", document.currentScript.src', script)[0])
    [server] = (await get(described)).json()["servers"]
    assert urljoin(described, server["url"]) == folder


async def test_the_public_path_is_understood_once_and_browsers_are_sent_on_under_it(beneath: House) -> None:
    for path in ("/", "/usher", "/usher/"):
        assert (await beneath.get(path, headers={})).headers["location"] == "/usher/login", path
    found = {
        path: (await beneath.get(path)).status_code
        for path in (
            "/usher/api/auth/verify",
            "/api/auth/verify",
            "/usher/usher/health",
            "/ushers/health",
            "/Usher/health",
        )
    }

    assert list(found.values()) == [200, 200, 404, 404, 404]


async def test_webhooks_come_in_under_the_public_path_and_their_secret_is_not_repeated(beneath: House) -> None:
    taken = await beneath.http.post(f"/usher/webhooks/jellyfin/{WEBHOOK_SECRET}", json={"NotificationType": "Test"})
    refused = await beneath.http.post("/usher/webhooks/jellyfin/hush", json={})

    assert taken.status_code == 202
    assert (refused.status_code, refused.json()["instance"]) == (401, "/webhooks/jellyfin")


async def test_a_public_path_that_is_one_of_ours_is_removed_only_by_the_proxy(
    database_url: Secret, nats_url: Secret, tmp_path: Path
) -> None:
    config = settings(database_url, nats_url, tmp_path, usher_public_url="http://nas.local/docs")
    async with prepared(config) as house:
        assert (await house.get("/docs", headers={})).status_code == 200
        assert (await house.get("/api/auth/verify")).status_code == 200


async def test_signing_in_with_plex_stays_under_the_public_path(beneath: House, bus: Bus) -> None:
    pin = Pin(
        pin_id="x",
        code="c",
        url="https://plex.tv",
        short_code="4KXW",
        expires_at=datetime.now(UTC) + timedelta(hours=1),
    )

    async def begin(_question: BeginSignIn) -> Pin:
        return pin

    async def check(_question: CheckSignIn) -> SignInState:
        return SignInState(status="authorized", person_id="p1")

    async with (
        browsing(beneath) as browser,
        answering(bus, "linker", Answer(BeginSignIn, begin), Answer(CheckSignIn, check)),
    ):
        page = await browser.open("/usher/login")
        form = page.form("/login/plex")
        begun = await browser.http.post(form.action, data=form.fields)
        waiting = await browser.http.get("/usher/login/plex", headers={"HX-Request": "true"})

        assert begun.headers["location"] == "/usher/login/plex"
        assert waiting.headers["hx-redirect"] == "/usher/integrations"
        assert {cookie.path for cookie in browser.http.cookies.jar} == {"/usher"}


async def test_pages_cookies_and_files_are_under_the_public_path(beneath: House) -> None:
    async with browsing(beneath) as browser:
        await browser.log_in()
        page = await browser.open("/usher/account")

        assert page.status == 200
        assert page.response.url.path == "/usher/account"
        ours = [
            link for link in [*page.links, *(form.action for form in page.forms)] if link and not link.startswith("#")
        ]
        assert [link for link in ours if not link.startswith("/usher")] == []
        assert {cookie.path for cookie in browser.http.cookies.jar} == {"/usher"}
        assert 'data-stream="/usher/api/events/stream"' in page.response.text
        files = re.findall(r'(?:src|href)="(/usher/assets/[^"]+)"', page.response.text)
        assert {(await browser.http.get(file)).status_code for file in files} == {200}
