"""Logging in and out by pages, the account's page, and what protects both."""

from pathlib import Path

import httpx
import pytest

from shared.schemas.secret import Secret
from tests.integration.gateway.dashboard.browser import Browser, Page, browsing
from tests.integration.gateway.house import PASSWORD, prepared, settings
from tests.integration.gateway.pages import Links


async def test_who_is_not_logged_in_logs_in_and_gets_what_they_wanted(visitor: Browser) -> None:
    asked = await visitor.open("/account")

    page = await visitor.submit(asked, "/login", username="admin", password=PASSWORD)

    assert asked.response.url.path == "/login"
    assert page.response.url.path == "/account"
    assert "admin" in page.text


async def test_a_wrong_password_is_said_and_the_name_stays(visitor: Browser) -> None:
    page = await visitor.log_in(password="wrong")

    assert page.status == 401
    assert "wrong" in page.text
    assert page.form("/login").fields["username"] == "admin"


async def test_what_nobody_can_be_called_is_a_wrong_name(visitor: Browser) -> None:
    for username, password in (("ad\0min", "x"), ("a" * 60_000, "x"), ("admin", "x" * 60_000), ("", ""), ("admin", "")):
        page = await visitor.log_in(username, password)

        assert page.status == 401, username
        assert "The user name or the password is wrong" in page.text


@pytest.mark.parametrize("wanted", ["//evil.example", "/\\evil.example", "https://evil.example", "\nx"])
async def test_the_log_in_leads_nowhere_else(visitor: Browser, wanted: str) -> None:
    page = await visitor.open("/login", next=wanted)

    answer = await visitor.http.post(
        "/login", data={**page.form("/login").fields, "username": "admin", "password": PASSWORD, "next": wanted}
    )

    assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(visitor: Browser) -> None:
    page = await visitor.open("/login")

    answer = await visitor.http.post(
        "/login", data={**page.form("/login").fields, "username": "admin", "password": PASSWORD}
    )

    [cookie] = [value for value in answer.headers.get_list("set-cookie") if value.startswith("usher_session=")]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie, "this address has no TLS"


async def test_the_cookie_goes_only_over_tls_where_the_browser_speaks_it(
    database_url: Secret, nats_url: Secret, tmp_path: Path
) -> None:
    public = settings(database_url, nats_url, tmp_path, usher_public_url="https://usher.example:443")
    async with prepared(public) as house, browsing(house) as browser:
        for host, forwarded, is_secure in (
            ("usher.example", "", True),
            ("Usher.Example:443", "", True),
            ("gateway:8000", "", False),
            ("gateway:8000", "https", True),
            ("gateway:8000", "HTTPS, http", True),
            ("gateway:8000", "http", False),
        ):
            answer = await browser.http.get("/login", headers={"Host": host, "X-Forwarded-Proto": forwarded})

            assert ("secure" in answer.headers["set-cookie"].lower()) == is_secure, (host, forwarded)


async def test_logging_out_ends_the_session(browser: Browser) -> None:
    session = browser.http.cookies["usher_session"]
    page = await browser.open("/account")

    left = await browser.submit(page, "/logout")

    assert "logged out" in left.text
    again = await browser.house.get("/api/auth/verify", headers={"Authorization": f"Bearer {session}"})
    assert again.status_code == 401


@pytest.mark.parametrize("token", [None, "", "0" * 64, "ü"])
async def test_a_change_without_our_token_is_refused(browser: Browser, token: str | None) -> None:
    fields = {} if token is None else {"csrf": token}

    answer = await browser.http.post("/logout", data=fields)

    assert answer.status_code == 403
    assert (await browser.open("/account")).status == 200


async def test_a_log_in_that_no_page_of_ours_sent_is_refused(visitor: Browser) -> None:
    answer = await visitor.http.post("/login", data={"username": "admin", "password": PASSWORD, "csrf": ""})

    assert answer.status_code == 403


async def test_a_form_that_the_browser_says_is_another_sites_is_refused(visitor: Browser) -> None:
    fields = (await visitor.open("/login")).form("/login").fields | {"username": "admin", "password": PASSWORD}

    answers = [
        await visitor.http.post("/login", data=fields, headers={"Sec-Fetch-Site": site})
        for site in ("cross-site", "same-site", "same-origin")
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 303]


async def test_the_api_takes_the_cookie_for_reading_and_for_changes_with_the_token(browser: Browser) -> None:
    session = await browser.open("/account")
    token = str(session.form("/logout").fields["csrf"])
    key = {"name": "script", "scopes": ["read"]}

    read = await browser.http.get("/api/keys")
    refused = await browser.http.post("/api/keys", json=key)
    made = await browser.http.post("/api/keys", json=key, headers={"X-CSRF-Token": token})
    by_get = await browser.http.get("/api/integrations/plex/auth/pin")

    assert [answer.status_code for answer in (read, refused, made, by_get)] == [200, 403, 201, 403]


async def test_a_password_is_changed_and_what_is_wrong_is_marked(browser: Browser) -> None:
    page = await browser.open("/account")
    new = "another long enough password"

    different = await browser.submit(
        page, "/account/password", current_password=PASSWORD, new_password=new, repeated=f"{new}!"
    )
    short = await browser.submit(
        page, "/account/password", current_password=PASSWORD, new_password="short", repeated="short"
    )
    wrong = await browser.submit(page, "/account/password", current_password="no", new_password=new, repeated=new)
    done = await browser.submit(page, "/account/password", current_password=PASSWORD, new_password=new, repeated=new)

    assert [each.status for each in (different, short, wrong, done)] == [400, 400, 400, 200]
    assert "not the same" in different.text
    assert "password is changed" in done.text
    async with browsing(browser.house) as elsewhere:
        assert (await elsewhere.log_in(password=new)).response.url.path == "/"


async def test_light_and_dark_are_chosen_and_kept(browser: Browser) -> None:
    page = await browser.open("/account")

    chosen = await browser.submit(page, "/theme", theme="dark")
    odd = await browser.submit(page, "/theme", theme="<b>")

    assert 'data-theme="dark"' in chosen.response.text
    assert odd.status == 400
    assert 'data-theme="dark"' in (await browser.open("/")).response.text


async def test_pages_allow_no_inline_script_or_style(browser: Browser) -> None:
    for path in ("/login", "/", "/account", "/overview/health"):
        page = await browser.open(path)

        assert page.status == 200, path
        links = Links()
        links.feed(page.response.text)
        assert links.inline == "", path
        assert "'unsafe" not in page.response.headers["content-security-policy"]
        assert [link for link in links.found if link.startswith(("http", "//"))] == [], path


async def test_a_page_that_is_not_there_says_so_as_a_page(browser: Browser) -> None:
    page = Page(await browser.http.get("/people/nobody-is-here/at-all", headers={"Accept": "text/html"}))

    assert page.status == 404
    assert page.response.headers["content-type"] == "text/html; charset=utf-8"
    assert "Not found" in page.title


async def test_pages_speak_the_browsers_language(visitor: Browser) -> None:
    visitor.http.headers["accept-language"] = "fr, de;q=0.9, en;q=0.1"

    page = await visitor.open("/login")

    assert 'lang="de"' in page.response.text
    assert "Anmelden" in page.title


async def test_files_are_kept_for_good_and_compressed(browser: Browser) -> None:
    page = await browser.open("/login")
    addresses = [
        part.partition('"')[0] for part in page.response.text.split('src="') + page.response.text.split('href="')
    ]
    files = [address for address in addresses if address.startswith("/assets/")]
    assert len(files) >= 4

    answers: list[httpx.Response] = [await browser.http.get(file) for file in files]

    assert {answer.status_code for answer in answers} == {200}
    assert all("immutable" in answer.headers["cache-control"] for answer in answers)
    assert all(answer.headers["content-encoding"] == "gzip" for answer in answers)
    assert sum(int(answer.headers["content-length"]) for answer in answers) < 100_000


async def test_what_was_typed_when_the_session_ended_is_sent_after_the_next_log_in(browser: Browser) -> None:
    page = await browser.open("/account")
    await browser.house.delete(f"/api/auth/sessions/{await session_id(browser)}")

    asked = await browser.submit(page, "/theme", theme="dark")
    back = await browser.submit(asked, "/login", username="admin", password=PASSWORD)
    done = await browser.submit(back, "/theme")

    assert (asked.status, "nothing that you typed is lost" in asked.text) == (401, True)
    assert "Send it now" in back.text
    assert 'data-theme="dark"' in done.response.text


async def test_passwords_are_not_kept_through_a_log_in(browser: Browser) -> None:
    page = await browser.open("/account")
    await browser.house.delete(f"/api/auth/sessions/{await session_id(browser)}")

    asked = await browser.submit(page, "/account/password", current_password=PASSWORD, new_password="x" * 20)

    assert asked.status == 401
    assert PASSWORD not in asked.response.text
    assert "x" * 20 not in asked.response.text


async def test_what_another_site_sends_is_not_kept_through_a_log_in(visitor: Browser) -> None:
    answer = await visitor.http.post("/theme", data={"theme": "dark", "csrf": "0" * 64})

    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


async def session_id(browser: Browser) -> str:
    sessions = (await browser.house.get("/api/auth/sessions")).json()["items"]
    return str(sessions[0]["id"])
