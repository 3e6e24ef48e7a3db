"""The settings' pages: webhook addresses, keys, sessions, schedules, the audit, and what Usher is."""

import platform

import pytest

from tests.integration.gateway.dashboard.browser import Browser
from tests.integration.gateway.house import WEBHOOK_SECRET

HOSTILE = '"><script>alert(1)</script>\u202e'
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def browser(modules_browser: Browser) -> Browser:
    return modules_browser


async def test_the_settings_begin_with_the_addresses_to_copy(browser: Browser) -> None:
    page = await browser.open("/settings")

    assert page.response.url.path == "/settings/webhooks"
    assert f"http://usher.test/webhooks/plex?token={WEBHOOK_SECRET}" in page.response.text


async def test_a_secret_is_made_works_and_is_removed_after_a_question(browser: Browser) -> None:
    page = await browser.open("/settings/webhooks")
    made = await browser.submit(page, "/settings/webhooks", source="jellyfin", server=f"attic {HOSTILE}")
    [remove] = [link for link in made.links if link.endswith("/remove") and link not in page.links]
    question = await browser.open(remove)
    token = made.response.text.partition("/webhooks/jellyfin?token=")[2].partition('"')[0]
    accepted = await browser.house.webhook("jellyfin", {"NotificationType": "x"}, token=token)

    removed = await browser.submit(question, remove)

    assert accepted.status_code == 202
    assert "<script>alert" not in made.response.text + question.response.text
    assert "cannot be undone" in question.text
    assert "The secret is removed" in removed.text
    assert (await browser.open(remove)).status == 404


async def test_a_secret_that_cannot_be_made_marks_the_field_and_keeps_what_was_typed(browser: Browser) -> None:
    page = await browser.open("/settings/webhooks")

    refused = await browser.submit(page, "/settings/webhooks", source="plex", server="x" * 101)
    odd = await browser.submit(page, "/settings/webhooks", source="tv", server="")

    assert (refused.status, odd.status) == (400, 400)
    assert refused.form("/settings/webhooks").fields == {
        **page.form("/settings/webhooks").fields,
        "source": "plex",
        "server": "x" * 101,
    }
    assert 'aria-invalid="true"' in refused.response.text
    assert 'aria-invalid="true"' in odd.response.text


async def test_a_key_is_shown_once_and_works_until_it_is_removed(browser: Browser) -> None:
    page = await browser.open("/settings/keys")
    made = await browser.submit(page, "/settings/keys", name=f"reader {HOSTILE}", scope="read")
    key = "usha_" + made.response.text.partition("usha_")[2].partition('"')[0]
    headers = {"X-API-Key": key}

    works = await browser.house.get("/api/events", headers=headers)
    again = await browser.open("/settings/keys")
    [remove] = [link for link in again.links if link.endswith("/remove") and link not in page.links]
    await browser.submit(await browser.open(remove), remove)
    refused = await browser.house.get("/api/events", headers=headers)

    assert (works.status_code, refused.status_code) == (200, 401)
    assert made.response.headers["cache-control"] == "no-store"
    assert key not in again.response.text
    assert "<script>alert" not in again.response.text


async def test_a_key_expires_at_the_end_of_the_day_that_was_chosen(browser: Browser) -> None:
    page = await browser.open("/settings/keys")

    made = await browser.submit(page, "/settings/keys", name="for a while", scope="read", expires_at="2999-01-02")

    keys = (await browser.house.get("/api/keys")).json()["items"]
    assert made.status == 200
    assert [key["expires_at"] for key in keys if key["name"] == "for a while"] == ["2999-01-02T23:59:59Z"]


@pytest.mark.parametrize(
    ("typed", "marked"),
    [
        ({"name": " "}, "name"),
        ({"scope": "self"}, "person_id"),
        ({"expires_at": "2001-01-01"}, "expires_at"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"person_id": "no such/person"}, "person_id"),
    ],
)
async def test_a_key_that_cannot_be_made_marks_the_field_and_keeps_what_was_typed(
    browser: Browser, typed: dict[str, str], marked: str
) -> None:
    page = await browser.open("/settings/keys")

    refused = await browser.submit(page, "/settings/keys", **{"name": "script", **typed})

    assert refused.status == 400
    assert f'id="f-{marked}-note"' in refused.response.text
    assert 'aria-invalid="true"' in refused.response.text
    assert (
        refused.form("/settings/keys").fields.items() >= {name: value.strip() for name, value in typed.items()}.items()
    )


async def test_a_session_elsewhere_is_ended(browser: Browser) -> None:
    other = await browser.house.post(
        "/api/auth/login", {"username": "admin", "password": "canary-password-of-the-admin"}, headers={}
    )
    headers = {"Authorization": f"Bearer {other.json()['token']}"}
    page = await browser.open("/settings/sessions")
    [own] = [each["id"] for each in (await browser.http.get("/api/auth/sessions")).json()["items"] if each["current"]]
    [end] = [form.action for form in page.forms if form.action.endswith("/end") and own not in form.action]

    done = await browser.submit(page, end)

    assert "The session has ended" in done.text
    assert (await browser.house.get("/api/auth/verify", headers=headers)).status_code == 401


async def test_the_audit_says_who_changed_what_and_is_filtered_by_its_address(browser: Browser) -> None:
    everything = await browser.open("/settings/audit")
    logins = await browser.open("/settings/audit", action="login")
    nothing = await browser.open("/settings/audit", until="2001-01-01")
    nonsense = await browser.open("/settings/audit", since="yesterday", offset="x")

    assert "login" in everything.text
    assert logins.form("/settings/audit").fields["action"] == "login"
    assert "Nothing was changed" in nothing.text
    assert (nonsense.status, "cannot be shown" in nonsense.text) == (200, True)


async def test_what_begins_by_itself_is_shown_while_the_services_are_away(browser: Browser) -> None:
    page = await browser.open("/settings/schedules")

    assert page.status == 200
    assert "Nothing begins by itself" in page.text


async def test_usher_says_what_it_is_built_on(browser: Browser) -> None:
    page = await browser.open("/settings/about")

    assert "litestar" in page.text
    assert "WEBHOOKS" in page.text
    assert "pytest" not in page.text
    assert "/docs" in page.links


async def test_usher_says_which_python_runs_it_and_what_discord_needs(browser: Browser) -> None:
    setup = (await browser.http.get("/api/discord")).json()

    page = await browser.open("/settings/about")

    assert f"Python {platform.python_version()}" in page.text
    assert setup["missing"]
    assert all(name in page.text for name in setup["missing"])
    assert setup["interactions_url"] in page.response.text
    assert "only to https addresses" in page.text
