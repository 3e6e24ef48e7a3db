"""Coming in to the dashboard with Plex: who is let in, as whom, and what they see."""

from collections.abc import AsyncIterator

import pytest

from services.gateway.access.passwords import Passwords
from services.gateway.access.recovery import Recovery
from shared.errors import NotFoundError
from shared.postgres import pool as postgres
from simulators.plex_tv.app import PlexTv
from tests.integration.gateway.dashboard.browser import Browser, browsing
from tests.integration.gateway.house import QUICK, House
from tests.integration.gateway.test_access import GUARDED, call
from tests.integration.linker.coming_in import begin, check, code_of, come_in, configure, ended, entries, owner_of
from tests.integration.linker.linking import Linker, Place, admin, claim, key, now, people


@pytest.fixture
async def browser(house: House) -> AsyncIterator[Browser]:
    async with browsing(house) as opened:
        yield opened


async def test_who_is_known_comes_in_and_sees_their_own(
    plex: PlexTv, house: House, linker: Linker, browser: Browser
) -> None:
    anna = plex.accounts.add("anna")
    await key(house).sign_in(plex, anna)
    [person] = await people(house)

    page = await come_in(browser, plex, anna)

    assert page.response.url.path == "/integrations"
    assert page.text.count("anna") >= 2, "in the menu and in the list"
    owner = await owner_of(house, browser)
    assert (owner["scopes"], owner["person_id"], owner["kind"]) == (["self"], person["id"], "session")
    assert await entries(house, "login") == [("login", f"person {person['id']}", "session with Plex")]


async def test_who_is_unknown_and_reaches_a_server_becomes_a_person(
    plex: PlexTv, place: Place, house: House, linker: Linker, browser: Browser
) -> None:
    guest, attic = (
        plex.accounts.add("guest"),
        plex.accounts.add_server("Attic", owner=plex.accounts.add("owner"), uris=["http://10.0.0.2:32400"]),
    )
    plex.accounts.share(attic, guest)
    await configure(place, attic)

    page = await come_in(browser, plex, guest)

    assert page.response.url.path == "/integrations"
    [person] = await people(house)
    assert (person["name"], (await owner_of(house, browser))["person_id"]) == ("guest", person["id"])
    [linked] = (await house.get("/api/integrations", all="true")).json()["items"]
    assert linked["person"]["id"] == person["id"]


@pytest.mark.parametrize("status", [500, 200, 403])
async def test_nobody_is_refused_because_plex_does_not_tell_their_servers(
    plex: PlexTv, place: Place, house: House, linker: Linker, browser: Browser, status: int
) -> None:
    guest, owner = plex.accounts.add("guest"), plex.accounts.add("owner")
    attic = plex.accounts.add_server("Attic", owner=owner, uris=["http://10.0.0.2:32400"])
    plex.accounts.share(attic, guest)
    await configure(place, attic)
    plex.fail_next(status, times=2, path="/api/v2/resources")

    page = await come_in(browser, plex, guest)

    assert page.response.url.path == "/integrations"
    assert len([each for each in plex.seen if each.path == "/api/v2/resources"]) > 2, "it failed twice"


@pytest.mark.parametrize("case", ["no server", "another server", "a server that is switched off"])
async def test_who_is_unknown_and_reaches_none_is_refused_and_nothing_is_made(
    plex: PlexTv, place: Place, house: House, linker: Linker, browser: Browser, case: str
) -> None:
    stranger, owner = plex.accounts.add("stranger"), plex.accounts.add("owner")
    attic = plex.accounts.add_server("Attic", owner=owner, uris=["http://10.0.0.2:32400"])
    other = plex.accounts.add_server("Other", owner=owner, uris=["http://10.0.0.3:32400"])
    await configure(place, attic, enabled=case != "a server that is switched off")
    if case != "no server":
        plex.accounts.share(other if case == "another server" else attic, stranger)

    page = await come_in(browser, plex, stranger)
    again = await browser.open("/login/plex")

    assert page.status == again.status == 200
    assert "reaches none of the servers here" in page.text
    assert page.form("/login/plex").buttons == ["Begin again"]
    assert "usher_session" not in browser.http.cookies
    assert await people(house) == []
    assert (await house.get("/api/integrations", all="true")).json()["items"] == []
    assert (await house.get("/api/auth/sessions")).json()["items"] == []
    assert await place.rows("select 1 from gateway.users where person_id is not null") == []
    assert await place.rows("select 1 from shared.credentials where provider = 'plex'") == []
    assert await entries(house, "login", "login.refused") == [("login.refused", "unknown", "session with Plex")]


async def test_an_admin_who_comes_in_with_plex_sees_only_their_own(
    plex: PlexTv, place: Place, house: House, linker: Linker, browser: Browser
) -> None:
    account = plex.accounts.add("boss")
    await (await admin(house)).sign_in(plex, account)
    await come_in(browser, plex, account)
    await place.rows("update gateway.users set scopes = '{admin}' where person_id is not null")

    async with browsing(house) as other:
        await come_in(other, plex, account)
        there, here = await owner_of(house, other), await owner_of(house, browser)

    assert (there["scopes"], here["scopes"]) == (["self"], ["self"])


async def test_everything_of_others_is_refused(plex: PlexTv, house: House, linker: Linker, browser: Browser) -> None:
    anna = plex.accounts.add("anna")
    await key(house).sign_in(plex, anna)
    await key(house).sign_in(plex, plex.accounts.add("bert"))
    [bert] = [each for each in await people(house) if each["name"] == "bert"]
    await come_in(browser, plex, anna)
    session = {"Authorization": f"Bearer {browser.http.cookies['usher_session']}"}

    for route in GUARDED:
        answer = await call(house, route, session)
        assert answer.status_code == (400 if route.is_open_to("self", is_person=True) else 403), route
    for path in (f"/people/{bert['id']}", f"/history?person={bert['id']}", f"/integrations?person={bert['id']}"):
        refused = await house.http.get(f"/api{path}", headers=session)
        shown = await browser.open(path)
        assert refused.status_code == 403, path
        assert "bert" not in shown.text, path
    for path in ("/people", "/servers", "/events", "/runs", "/users", "/settings", "/integrations/all"):
        assert (await browser.open(path)).status == 403, path
    assert (await browser.open("/")).response.url.path == "/integrations"


async def test_it_is_the_same_user_again_whatever_their_name_and_as_whomever_they_were_merged(
    plex: PlexTv, place: Place, house: House, linker: Linker, browser: Browser
) -> None:
    anna = plex.accounts.add("anna")
    await come_in_as_known(plex, house, browser, anna.username or "")
    await key(house).sign_in(plex, plex.accounts.add("anna elsewhere"))
    [first, second] = sorted(await people(house), key=lambda each: str(each["name"]))
    merged = await house.post(f"/api/people/{second['id']}/merge", {"merged_id": first["id"]})
    assert merged.status_code == 200, merged.text

    before = await owner_of(house, browser)
    async with browsing(house) as other:
        for _ in range(2):
            await come_in(other, plex, next(each for each in plex.accounts.by_id.values() if each.username == "anna"))
        after = await owner_of(house, other)

    assert before["person_id"] == after["person_id"] == second["id"]
    users = await place.rows("select person_id from gateway.users where person_id is not null")
    assert sorted(row["person_id"] for row in users) == sorted([first["id"], second["id"]])


async def come_in_as_known(plex: PlexTv, house: House, browser: Browser, name: str) -> None:
    account = next(each for each in plex.accounts.by_id.values() if each.username == name)
    await key(house).sign_in(plex, account)
    await come_in(browser, plex, account)


async def test_no_password_leads_to_a_persons_user(
    plex: PlexTv, place: Place, house: House, linker: Linker, browser: Browser
) -> None:
    plex.accounts.add("anna")
    await come_in_as_known(plex, house, browser, "anna")
    name = (await owner_of(house, browser))["name"]
    session = {"Authorization": f"Bearer {browser.http.cookies['usher_session']}"}

    account = await browser.open("/account")
    wanted = {"current_password": "x", "new_password": "a long enough password"}
    changed = await house.http.put("/api/auth/password", json=wanted, headers=session)
    for password in ("", "!", "None", "a long enough password"):
        answer = await house.post("/api/auth/login", {"username": name, "password": password or "-"}, headers={})
        assert answer.status_code == 401
    async with postgres.connect(place.database_url, schema="gateway", size=2) as pool:
        recovery = Recovery(pool, Passwords(QUICK), now=now)
        with pytest.raises(NotFoundError):
            await recovery.user(name)
        assert (await recovery.user(None)).username == "admin"

    assert "no password to change" in account.text
    assert [form.action for form in account.forms if "password" in form.action] == []
    assert (changed.status_code, changed.json()["detail"]) == (
        400,
        "you come in with Plex: there is no password to change",
    )


async def test_logging_out_ends_the_session(plex: PlexTv, house: House, linker: Linker, browser: Browser) -> None:
    plex.accounts.add("anna")
    await come_in_as_known(plex, house, browser, "anna")

    left = await browser.submit(await browser.open("/account"), "/logout")

    assert "logged out" in left.text
    assert (await browser.open("/integrations")).response.url.path == "/login"


async def test_the_waiting_page_is_led_on_by_its_script(
    plex: PlexTv, house: House, linker: Linker, browser: Browser
) -> None:
    anna = plex.accounts.add("anna")
    await key(house).sign_in(plex, anna)
    page = await begin(browser)
    waiting = await browser.http.get("/login/plex", headers={"HX-Request": "true"})
    claim(plex, code_of(page), anna)
    pin = {"pin_id": browser.http.cookies["usher_plex_login"]}

    found = [waiting]
    while found[-1].status_code == 204:
        found.append(await browser.http.get("/login/plex", headers={"HX-Request": "true"}))

    assert waiting.status_code == 204
    assert found[-1].headers["hx-redirect"] == "/integrations"
    assert "usher_plex_login" not in browser.http.cookies
    assert (await browser.open("/integrations")).status == 200
    assert (await check(house, pin))["token"] is None
    assert (await ended(browser)).response.url.path == "/login"
