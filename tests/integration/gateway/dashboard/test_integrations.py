"""One's own accounts, others' and everybody's; connecting by a code or a password, and disconnecting."""

import pytest

from shared.bus.connection import Bus
from shared.schemas.signins import (
    AccountHolder,
    BeginSignIn,
    CancelSignIn,
    ConnectAccount,
    ListConnections,
    ReachedServer,
    RemoveConnections,
    SignedIn,
    SignInState,
)
from tests.integration.gateway.dashboard.accounts import account, linker, server
from tests.integration.gateway.dashboard.browser import Browser

HOSTILE = "<script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}" + "x" * 10_000
OWN = AccountHolder(user="admin")
ADAS = AccountHolder(user="admin", person_id="ada")
WAITING = "/integrations/plex/sign-in/pin1"
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def browser(modules_browser: Browser) -> Browser:
    """One for all tests: none of them leaves anything behind."""
    return modules_browser


@pytest.fixture
def bus(bus_beside: Bus) -> Bus:
    return bus_beside


async def test_ones_own_accounts_show_their_state_and_what_can_be_done(browser: Browser, bus: Bus) -> None:
    dead = account("countess", provider="jellyfin", machine="m1", state="dead", reason="Attic refuses the token")
    async with linker(bus, accounts=[account(), dead]) as asked:
        page = await browser.open("/integrations", offset="<b>")

    assert "Jellyfin Attic" in page.text
    assert "must be connected again Attic refuses the token" in page.text
    assert "2026-01-31 18:00 UTC" in page.text
    assert "/integrations/plex/disconnect?account=id-ada" in page.links
    assert "/integrations/jellyfin/connect" in page.links
    assert asked.asked_for(ListConnections) == [ListConnections(who=OWN)]


async def test_an_admin_who_is_no_person_is_told_what_happens(browser: Browser, bus: Bus) -> None:
    async with linker(bus, accounts=[]):
        page = await browser.open("/integrations")

    assert "You have not connected an account yet" in page.text
    assert "is that of the user admin, who is then one of the people too" in page.text
    assert "/people" in page.links


async def test_an_admin_sees_the_accounts_of_a_person(browser: Browser, bus: Bus) -> None:
    async with linker(bus) as asked:
        page = await browser.open("/integrations", person="ada")
        unknown = await browser.open("/integrations", person="nobody")
        odd = await browser.open("/integrations", person="../keys")

    assert "Linked accounts of Ada" in page.title
    assert page.form("/integrations/plex/sign-in").fields["person"] == "ada"
    assert [unknown.status, odd.status] == [404, 404]
    assert asked.asked_for(ListConnections) == [ListConnections(who=ADAS)]


async def test_everybodys_dead_accounts_come_first(browser: Browser, bus: Bus) -> None:
    async with linker(bus, accounts=[account("works"), account("broken", state="dead")]) as asked:
        page = await browser.open("/integrations/all")

    assert page.text.index("broken") < page.text.index("works")
    assert "/integrations/plex/connect?person=ada" in page.links
    assert asked.asked_for(ListConnections) == [ListConnections(limit=200)]


async def test_hostile_names_are_shown_as_text_and_cut(browser: Browser, bus: Bus) -> None:
    async with linker(bus, accounts=[account(HOSTILE, state="dead", reason=HOSTILE)]):
        pages = [await browser.open(path) for path in ("/integrations", "/integrations/all")]

    for page in pages:
        assert "&lt;script&gt;alert(1)" in page.response.text
        assert "<script>alert" not in page.response.text
        assert len(page.response.content) < 20_000


async def test_without_the_linker_the_page_says_so_and_stays(browser: Browser) -> None:
    page = await browser.open("/integrations")

    assert page.status == 200
    assert "cannot be shown right now" in page.text
    assert "Connect an account" in page.text


async def test_a_code_is_shown_large_and_the_page_waits(browser: Browser, bus: Bus) -> None:
    async with linker(bus) as asked:
        page = await browser.open("/integrations")
        waiting = await browser.submit(page, "/integrations/plex/sign-in")

    assert waiting.response.url.path == WAITING
    assert '<p class="code">4KXW</p>' in waiting.response.text
    assert "https://app.plex.tv/auth#?code=long" in waiting.links
    assert WAITING in waiting.links, "the button that works without a script"
    assert f'hx-get="{WAITING}" hx-trigger="every 2s' in waiting.response.text
    assert asked.asked_for(BeginSignIn) == [BeginSignIn(provider="plex", who=OWN)] * 2


async def test_where_the_code_is_typed_in_on_the_other_side_it_is_the_whole_code(browser: Browser, bus: Bus) -> None:
    async with linker(bus):
        trakt = await browser.submit(await browser.open("/integrations"), "/integrations/trakt/sign-in")

    assert '<p class="code">7H3K9Q</p>' in trakt.response.text


async def test_the_waiting_page_is_told_only_what_is_over(browser: Browser, bus: Bus) -> None:
    done = SignInState(
        status="authorized",
        account=SignedIn(id="1", username="ada", email=None),
        servers=[ReachedServer(name="Cellar", machine_identifier="m2")],
    )
    async with linker(bus) as asked:
        pending = await browser.http.get(WAITING, headers={"HX-Request": "true"})
        asked.is_busy = True
        busy = await browser.http.get(WAITING, headers={"HX-Request": "true"})
        asked.is_busy, asked.state = False, done
        over = await browser.http.get(WAITING, headers={"HX-Request": "true"})

    assert [pending.status_code, busy.status_code, over.status_code] == [204, 204, 200]
    assert "Signed in as ada." in over.text
    assert "Cellar" in over.text
    assert "every 2s" not in over.text


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (SignInState(status="refused", reason="this account belongs to somebody else"), "belongs to somebody else"),
        (SignInState(status="expired"), "Nobody used the code in time"),
        (SignInState(status="denied"), "declined on the other side"),
        (SignInState(status="cancelled"), "called off"),
    ],
)
async def test_a_sign_in_that_fails_says_why_and_can_begin_again(
    browser: Browser, bus: Bus, state: SignInState, said: str
) -> None:
    async with linker(bus, state=state) as asked:
        page = await browser.open(WAITING, person="ada")

    assert said in page.text
    assert page.form("/integrations/plex/sign-in").fields["person"] == "ada"
    assert asked.asked_for(BeginSignIn) == []


async def test_a_sign_in_is_called_off(browser: Browser, bus: Bus) -> None:
    async with linker(bus) as asked:
        page = await browser.open(WAITING)
        left = await browser.submit(page, f"{WAITING}/cancel")

    assert left.response.url.path == "/integrations"
    assert "called off" in left.text
    assert asked.asked_for(CancelSignIn) == [CancelSignIn(pin_id="pin1", provider="plex")]


async def test_a_server_is_chosen_where_there_are_several(browser: Browser, bus: Bus) -> None:
    servers = [server("Attic"), server("Cellar"), server("Theatre", kind="emby")]
    async with linker(bus, servers=servers) as asked:
        page = await browser.open("/integrations/jellyfin/connect")
        await browser.submit(page, "/integrations/jellyfin/sign-in", server="Cellar")

    assert "Theatre" not in page.text
    assert asked.asked_for(BeginSignIn)[0] == BeginSignIn(provider="jellyfin", who=OWN, server="Cellar")


async def test_without_a_server_the_page_leads_to_adding_one(browser: Browser, bus: Bus) -> None:
    async with linker(bus):
        page = await browser.open("/integrations/emby/connect")

    assert "No Emby server is connected" in page.text
    assert "/servers/add" in page.links


async def test_a_code_that_is_not_given_says_why(browser: Browser, bus: Bus) -> None:
    async with linker(bus, refuses_code=True):
        page = await browser.open("/integrations/jellyfin/connect")
        refused = await browser.submit(page, "/integrations/jellyfin/sign-in")

    assert refused.status == 409
    assert "Quick Connect is off on Attic" in refused.text
    assert "By user name and password" in refused.text


async def test_a_wrong_password_is_marked_and_not_shown_again(browser: Browser, bus: Bus) -> None:
    connect = "/integrations/jellyfin/connect"
    async with linker(bus) as asked:
        page = await browser.open(connect, person="ada")
        wrong = await browser.submit(page, connect, username="wrong", password="hunter2hunter2")
        done = await browser.submit(wrong, connect, username="countess", password="hunter2hunter2")

    assert wrong.status == 400
    assert "The user name or the password is wrong." in wrong.text
    assert wrong.form(connect).fields["username"] == "wrong"
    assert "hunter2" not in wrong.response.text
    assert "countess on Jellyfin is connected" in done.text
    last = asked.asked_for(ConnectAccount)[-1]
    assert (last.provider, last.who, last.server, last.username) == ("jellyfin", ADAS, "Attic", "countess")


async def test_disconnecting_asks_first(browser: Browser, bus: Bus) -> None:
    countess = account("countess", provider="jellyfin", machine="m1")
    disconnect = "/integrations/jellyfin/disconnect"
    async with linker(bus, accounts=[account(), countess]) as asked:
        page = await browser.open(disconnect, account="id-countess", server="m1")
        before = asked.asked_for(RemoveConnections)
        done = await browser.submit(page, disconnect)

    assert "Disconnect countess from Jellyfin?" in page.text
    assert before == []
    assert "countess is disconnected" in done.text
    assert asked.asked_for(RemoveConnections) == [
        RemoveConnections(provider="jellyfin", who=OWN, server="Attic", account_id="id-countess")
    ]


async def test_a_system_or_an_account_that_is_not_there_is_not_found(browser: Browser, bus: Bus) -> None:
    async with linker(bus):
        pages = [
            await browser.open("/integrations/netflix/connect"),
            await browser.open("/integrations/plex/disconnect", account="other"),
        ]

    assert [page.status for page in pages] == [404, 404]
