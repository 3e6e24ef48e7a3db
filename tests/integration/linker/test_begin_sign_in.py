"""Which sign-in it is that somebody begins over HTTP: each visitor's own, and a new one after one that is over."""

import asyncio
from collections import Counter
from datetime import timedelta

import msgspec

from services.linker.signins.domain import MAX_OPEN_PER_KEY, Outcome, PollRequest
from services.linker.signins.providers import Providers
from simulators.plex_tv.app import PlexTv
from tests.integration.gateway.house import House
from tests.integration.linker.codes import Codes, authorized
from tests.integration.linker.linking import QUICKLY, Linker, Person, Place, admin, claim, key, people


async def of_new_key(house: House, *, scope: str = "write") -> Person:
    """Return the person a new API key acts for."""
    made = (await house.post("/api/keys", {"name": "website", "scopes": [scope]})).json()
    return Person(house, {"X-API-Key": made["key"]})


async def test_visitors_of_a_website_are_not_shown_what_another_one_proved(
    plex: PlexTv, house: House, linker: Linker
) -> None:
    website = key(house)
    annas, berts = await asyncio.gather(website.begin(), website.begin())
    claim(plex, annas["code"], plex.accounts.add("anna"))

    ended, waits = await website.settled(annas), await website.check(berts)

    assert annas["pin_id"] != berts["pin_id"]
    assert (ended["status"], ended["account"]["username"]) == ("authorized", "anna")
    assert (waits["status"], waits["account"]) == ("pending", None)
    claim(plex, berts["code"], plex.accounts.add("bert"))
    assert (await website.settled(berts))["account"]["username"] == "bert"
    assert {each["name"] for each in await people(house)} == {"anna", "bert"}


async def test_a_key_that_names_a_person_is_shown_the_open_sign_in(plex: PlexTv, house: House, linker: Linker) -> None:
    await key(house).sign_in(plex, plex.accounts.add("anna"))
    [anna] = await people(house)
    body = {"person_id": anna["id"]}

    first, again = (
        await key(house).post("plex/auth/pin", body),
        await (await of_new_key(house, scope="admin")).post("plex/auth/pin", body),
    )

    assert first.json() == again.json()


async def test_unlinking_one_account_by_a_key_calls_nobodys_sign_in_off(
    plex: PlexTv, house: House, linker: Linker
) -> None:
    anna = plex.accounts.add("anna")
    await key(house).sign_in(plex, anna)
    berts = await key(house).begin()

    removed = await key(house).unlink(account=str(anna.id))

    assert len(removed.json()["items"]) == 1
    assert (await key(house).check(berts))["status"] == "pending"


async def test_a_key_has_so_many_sign_ins_open_and_no_more(place: Place, house: House) -> None:
    async with place.linker(providers=Providers(flows={"jellyfin": Codes(), "trakt": Codes()})):
        website, other = await of_new_key(house), await of_new_key(house)
        pins = [await website.begin("jellyfin") for _ in range(MAX_OPEN_PER_KEY - 1)]

        last = await asyncio.gather(*(website.post(f"{name}/auth/pin", {}) for name in ("jellyfin", "trakt")))
        others = await other.post("jellyfin/auth/pin", {})
        await house.delete(f"/api/integrations/jellyfin/auth/pin/{pins[0]['pin_id']}")
        after = await website.post("jellyfin/auth/pin", {})

    assert Counter(answer.status_code for answer in last) == {200: 1, 429: 1}
    [refused] = [answer for answer in last if answer.status_code == 429]
    assert "DELETE /api/integrations/{provider}/auth/pin/{pin_id}" in refused.json()["detail"]
    assert 0 < int(refused.headers["Retry-After"]) <= 600
    assert (others.status_code, after.status_code) == (200, 200)


async def test_a_sign_in_past_its_end_takes_no_place(place: Place, house: House) -> None:
    async with place.linker(providers=Providers(flows={"jellyfin": Codes()})):
        website = await of_new_key(house)
        for _ in range(MAX_OPEN_PER_KEY):
            await website.begin("jellyfin")
        full = await website.post("jellyfin/auth/pin", {})
        await place.rows("update sign_ins set expires_at = now(), poll_at = now() + interval '1 hour'")

        answer = await website.post("jellyfin/auth/pin", {})

    assert (full.status_code, answer.status_code) == (429, 200)


OVER = "update sign_ins set expires_at = now(), poll_at = now() + interval '1 hour' where state = 'pending'"


async def test_who_signed_in_at_the_last_moment_is_linked_when_another_begins(place: Place, house: House) -> None:
    codes = Codes()
    async with place.linker(providers=Providers(flows={"jellyfin": codes})):
        me = await admin(house)
        pin = await me.begin("jellyfin")
        await place.rows(OVER)
        codes.outcome = authorized()

        pins = await asyncio.gather(*(me.begin("jellyfin") for _ in range(3)))

        assert {each["pin_id"] for each in pins} != {pin["pin_id"]}
        assert len({each["pin_id"] for each in pins}) == 1
        assert (await me.check(pin, "jellyfin"))["status"] == "authorized"
        assert [each["account"]["id"] for each in await me.linked()] == ["7a1"]


HASTY = msgspec.structs.replace(QUICKLY, begin_within=timedelta(milliseconds=500))


class Slow(Codes):
    """Does not answer until it is let go on."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = asyncio.Event()

    async def poll(self, waiting: PollRequest) -> Outcome:
        await self.goes_on.wait()
        return await super().poll(waiting)


async def test_a_system_that_is_slow_at_the_end_loses_no_sign_in(place: Place, house: House) -> None:
    slow = Slow()
    slow.outcome = authorized()
    async with place.linker(providers=Providers(flows={"jellyfin": slow}), lease=timedelta(seconds=1), intervals=HASTY):
        me = await admin(house)
        pin = await me.begin("jellyfin")
        await place.rows(OVER)

        answer = await me.post("jellyfin/auth/pin", {})
        slow.goes_on.set()

        assert answer.status_code == 503
        assert (await me.settled(pin, "jellyfin"))["status"] == "authorized"
