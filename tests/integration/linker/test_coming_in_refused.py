"""Sign-ins with Plex that let nobody in: used, expired, denied, somebody else's, too many, or nobody to ask."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from services.gateway.access.login_attempts import LoginAttempts
from services.gateway.access.plex_login import MOST_OF_ADDRESS
from services.gateway.retention import Retention
from services.linker.signins.domain import MAX_OPEN_OF_VISITORS, Asker
from shared.clock import SteadyClock
from shared.errors import InvalidError, ThrottledError
from shared.postgres import pool as postgres
from simulators.plex_tv.app import PlexTv
from tests.integration.gateway.dashboard.browser import Browser, browsing
from tests.integration.gateway.house import House
from tests.integration.linker.coming_in import (
    COOKIE,
    WAITING,
    begin,
    begin_by_api,
    check,
    code_of,
    ended,
    settled,
)
from tests.integration.linker.linking import Linker, Place, admin, claim, key, now
from tests.integration.service import until

VISITOR = Asker("visitor", "somebody", "")


@pytest.fixture
async def browser(house: House) -> AsyncIterator[Browser]:
    async with browsing(house) as opened:
        yield opened


async def test_a_sign_in_is_used_once_however_many_ask_at_once(plex: PlexTv, house: House, linker: Linker) -> None:
    anna = plex.accounts.add("anna")
    await key(house).sign_in(plex, anna)
    pin = await begin_by_api(house)
    claim(plex, pin["code"], anna)

    answers = await asyncio.gather(*(settled(house, pin) for _ in range(5)))
    later = await check(house, pin)

    assert {each["status"] for each in answers} == {"authorized"}
    assert len([each for each in answers if each["token"]]) == 1
    assert later == {"status": "authorized", "reason": None, "token": None, "expires_at": None}
    assert (await house.get("/api/auth/sessions")).json()["total"] == 1


async def test_a_code_that_has_expired_says_so_and_another_one_is_had(
    plex: PlexTv, place: Place, house: House, browser: Browser
) -> None:
    async with place.linker(ahead=timedelta(hours=1)):
        await begin(browser)
        page = await ended(browser)

    assert "The code has expired" in page.text
    assert "usher_session" not in browser.http.cookies
    async with place.linker():
        again = await browser.submit(page, "/login/plex")
    assert code_of(again)


async def test_an_authorized_sign_in_that_nobody_looked_at_for_long_lets_nobody_in(
    plex: PlexTv, place: Place, house: House, linker: Linker
) -> None:
    anna = plex.accounts.add("anna")
    await key(house).sign_in(plex, anna)
    pin = await begin_by_api(house)
    claim(plex, pin["code"], anna)
    await place.rows("update gateway.plex_sign_ins set expires_at = now() - interval '11 minutes'")

    assert await check(house, pin) == {"status": "expired", "reason": None, "token": None, "expires_at": None}


async def test_an_account_that_is_nobodys_any_more_lets_nobody_in(
    plex: PlexTv, place: Place, house: House, linker: Linker
) -> None:
    anna = plex.accounts.add("anna")
    await key(house).sign_in(plex, anna)
    pin = await begin_by_api(house)
    claim(plex, pin["code"], anna)

    async def is_authorized() -> bool:
        return bool(await place.rows("select 1 from sign_ins where asker_kind = 'visitor' and state = 'authorized'"))

    await until(is_authorized)
    await place.rows("delete from identities where provider = 'plex'")
    answer = await check(house, pin)

    assert (answer["status"], answer["token"]) == ("refused", None)
    assert "nobody's any more" in answer["reason"]


async def test_what_expired_long_ago_is_forgotten(plex: PlexTv, place: Place, house: House, linker: Linker) -> None:
    old = await begin_by_api(house)
    await place.rows("update gateway.plex_sign_ins set expires_at = now() - interval '2 days'")
    new = await begin_by_api(house)

    async with postgres.connect(place.database_url, schema="gateway", size=2) as pool:
        await Retention(pool, LoginAttempts(pool, SteadyClock()), now=now).once()

    assert (await check(house, new))["status"] == "pending"
    assert (await check(house, old))["title"] == "Not found"


async def test_one_that_is_denied_at_plex_waits_until_it_expires(
    plex: PlexTv, house: House, linker: Linker, browser: Browser
) -> None:
    page = await begin(browser)
    for pin in plex.pins.open():
        plex.pins.deny(pin.id)

    again = await browser.open("/login/plex")

    assert code_of(again) == code_of(page)
    assert "usher_session" not in browser.http.cookies


async def test_while_the_linker_is_away_the_page_says_so_and_goes_on_later(
    plex: PlexTv, place: Place, house: House, browser: Browser
) -> None:
    anna = plex.accounts.add("anna")
    nobody = await begin(browser)
    async with place.linker():
        await key(house).sign_in(plex, anna)
        page = await begin(browser)
    claim(plex, code_of(page), anna)

    away = await browser.open("/login/plex")
    waiting = await browser.http.get("/login/plex", headers=WAITING)
    async with place.linker():
        back = await ended(browser)

    assert (nobody.status, nobody.response.url.path) == (503, "/login/plex")
    assert "username" in nobody.form("/login").fields
    assert (away.status, code_of(away), waiting.status_code) == (503, code_of(page), 204)
    assert back.response.url.path == "/integrations"


async def test_a_sign_in_belongs_to_the_browser_that_began_it(
    plex: PlexTv, house: House, linker: Linker, browser: Browser
) -> None:
    anna = plex.accounts.add("anna")
    await key(house).sign_in(plex, anna)
    page = await begin(browser)
    [link] = [link for link in page.links if "clientID" in link]
    forwarded = parse_qs(link.partition("#?")[2])["forwardUrl"][0]
    claim(plex, code_of(page), anna)

    async with browsing(house) as other:
        elsewhere = await other.open("/login/plex")
        by_link = await other.open("/login/plex", pin_id=browser.http.cookies[COOKIE])
    by_id = await house.post("/api/auth/plex/check", {"pin_id": forwarded.rpartition("=")[2]}, headers={})

    assert elsewhere.response.url.path == by_link.response.url.path == "/login"
    assert browser.http.cookies[COOKIE] not in page.response.text + forwarded + str(page.response.url)
    assert by_id.status_code == 404


async def test_a_sign_in_of_another_kind_lets_nobody_in(plex: PlexTv, house: House, linker: Linker) -> None:
    anna = plex.accounts.add("anna")
    for pin in (await key(house).begin(), await (await admin(house)).begin()):
        claim(plex, pin["code"], anna)
        answer = await house.post("/api/auth/plex/check", {"pin_id": pin["pin_id"]}, headers={})
        assert answer.status_code == 404


@pytest.mark.parametrize("token", [None, "", "x"])
async def test_no_other_site_begins_a_sign_in(house: House, browser: Browser, token: str | None) -> None:
    await browser.open("/login")

    answer = await browser.http.post("/login/plex", data={} if token is None else {"csrf": token})

    assert answer.status_code == 403
    assert COOKIE not in browser.http.cookies


async def test_few_sign_ins_begin_from_one_address(
    plex: PlexTv, place: Place, house: House, linker: Linker, browser: Browser
) -> None:
    for _ in range(MOST_OF_ADDRESS):
        assert "pin_id" in await begin_by_api(house)

    refused = await house.post("/api/auth/plex", headers={})
    page = await begin(browser)
    await place.rows("update gateway.plex_sign_ins set begun_at = begun_at - interval '10 minutes'")
    later = await house.post("/api/auth/plex", headers={})

    assert (refused.status_code, page.status, later.status_code) == (429, 429, 200)
    assert 0 < int(refused.headers["retry-after"]) <= 600
    assert "too many sign-ins from here" in page.text


async def test_visitors_have_few_sign_ins_open_and_only_with_plex(linker: Linker) -> None:
    visitors = [Asker("visitor", str(number), "") for number in range(MAX_OPEN_OF_VISITORS)]
    await asyncio.gather(*(linker.sign_ins.begin(visitor, "plex") for visitor in visitors))

    with pytest.raises(ThrottledError):
        await linker.sign_ins.begin(VISITOR, "plex")
    with pytest.raises(InvalidError):
        await linker.sign_ins.begin(VISITOR, "jellyfin")


@pytest.mark.parametrize("pin_id", ["", "nobody's", "x" * 101, "a'b", "\x00"])
async def test_a_made_up_id_finds_nothing(house: House, browser: Browser, pin_id: str) -> None:
    answer = await house.post("/api/auth/plex/check", {"pin_id": pin_id}, headers={})
    page = await browser.http.get("/login/plex", headers={"Cookie": f"{COOKIE}=somebody-elses"})

    assert answer.status_code in {400, 404}
    assert (page.status_code, page.headers["location"]) == (303, "/login")
