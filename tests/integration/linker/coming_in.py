"""People who come in by signing in with Plex: their browsers, and what they may do afterwards."""

from typing import Any
from urllib.parse import parse_qs

from simulators.plex_tv.accounts import Device, PlexAccount
from simulators.plex_tv.app import PlexTv
from tests.integration.gateway.dashboard.browser import Browser, Page
from tests.integration.gateway.house import House
from tests.integration.linker.linking import Place, claim
from tests.integration.service import until

COOKIE = "usher_plex_login"
WAITING = {"HX-Request": "true"}


async def begin(browser: Browser) -> Page:
    """Press the button of the log-in page."""
    return await browser.submit(await browser.open("/login"), "/login/plex")


def code_of(page: Page) -> str:
    """Return the code that the page's link to plex.tv carries."""
    [link] = [link for link in page.links if "clientID" in link]
    return parse_qs(link.partition("#?")[2])["code"][0]


async def ended(browser: Browser) -> Page:
    """Look at the page until the sign-in has ended; return where that leads."""
    found: list[Page] = []

    async def is_over() -> bool:
        found.append(await browser.open("/login/plex"))
        return not any("clientID" in link for link in found[-1].links)

    await until(is_over)
    return found[-1]


async def come_in(browser: Browser, plex: PlexTv, account: PlexAccount) -> Page:
    """Sign in completely; return where that leads."""
    claim(plex, code_of(await begin(browser)), account)
    return await ended(browser)


async def begin_by_api(house: House) -> Any:
    return (await house.post("/api/auth/plex", headers={})).json()


async def check(house: House, pin: Any) -> Any:
    return (await house.post("/api/auth/plex/check", {"pin_id": pin["pin_id"]}, headers={})).json()


async def settled(house: House, pin: Any) -> Any:
    """Ask until a sign-in has ended; return the first answer that says so."""
    found: list[Any] = []

    async def is_over() -> bool:
        found.append(await check(house, pin))
        return bool(found[-1]["status"] != "pending")

    await until(is_over)
    return found[-1]


async def owner_of(house: House, browser: Browser) -> Any:
    """Return whose session a browser has, as the API says it."""
    session = browser.http.cookies.get("usher_session")
    return (await house.get("/api/auth/verify", headers={"Authorization": f"Bearer {session}"})).json()


async def configure(place: Place, device: Device, *, enabled: bool = True) -> None:
    """Configure a Plex server that the linker has reached."""
    await place.rows(
        "insert into servers (name, type, url, enabled, machine_id) values ($1, 'plex', 'http://plex.test', $2, $3)",
        device.name,
        enabled,
        device.machine_id,
    )


async def entries(house: House, *actions: str) -> list[tuple[str, str, str]]:
    """Return the audit's entries of these actions, the first one first."""
    items = (await house.get("/api/audit", limit=200)).json()["items"]
    return [(each["action"], each["actor"], each["object"]) for each in reversed(items) if each["action"] in actions]
