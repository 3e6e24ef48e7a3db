"""The page that people's browsers come back to."""

from pathlib import Path

import httpx

from shared.keyring import new_key
from shared.schemas.secret import Secret
from simulators.plex_tv.app import PlexTv
from tests.integration.gateway.house import House, prepared, settings
from tests.integration.linker.linking import Linker, admin, claim, key

HOSTILE = ["", "x", "../../etc/passwd", "<script>alert(1)</script>", "0" * 26, "0" * 5000, "\x00", "%", "' or 1=1 --"]


async def open_page(house: House, **query: str) -> httpx.Response:
    return await house.get("/link/done", headers={}, **query)


async def test_coming_back_finishes_the_sign_in_at_once(plex: PlexTv, house: House, linker: Linker) -> None:
    me = await admin(house)
    pin = await me.begin()
    claim(plex, pin["code"], plex.accounts.add("anna"))

    page = await open_page(house, id=pin["pin_id"])

    assert page.status_code == 200
    assert "Your account is linked" in page.text
    assert "You may close this page" in page.text
    assert "anna" not in page.text
    assert len(await me.linked()) == 1


async def test_the_page_runs_nothing_and_is_framed_nowhere(plex: PlexTv, house: House, linker: Linker) -> None:
    pin = await (await admin(house)).begin()

    page = await open_page(house, id=pin["pin_id"])

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("default-src 'none';")
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "<script" not in page.text
    assert "style" not in page.text
    assert f'content="3;url=?id={pin["pin_id"]}&amp;tries=1"' in page.text


async def test_it_looks_again_a_few_times_only(plex: PlexTv, house: House, linker: Linker) -> None:
    pin = await (await admin(house)).begin()

    pages = [(await open_page(house, id=pin["pin_id"], tries=tries)).text for tries in ("4", "5", "99", "x", "²")]

    assert ['http-equiv="refresh"' in page for page in pages] == [True, False, True, True, True]


async def test_a_refusal_says_why(plex: PlexTv, house: House, linker: Linker) -> None:
    anna = plex.accounts.add("anna")
    await (await admin(house)).sign_in(plex, anna)
    await key(house).sign_in(plex, plex.accounts.add("bert"))
    bert = next(
        each["person"]
        for each in (await key(house).get(all="true")).json()["items"]
        if each["account"]["username"] == "bert"
    )
    pin = await key(house, bert["id"]).begin()
    claim(plex, pin["code"], anna)

    page = await open_page(house, id=pin["pin_id"])

    assert "this Plex account was proven by somebody else" in page.text


async def test_hostile_ids_are_harmless(house: House, linker: Linker) -> None:
    pages = [await open_page(house, id=sign_in_id) for sign_in_id in HOSTILE]

    assert {page.status_code for page in pages} == {400, 404}
    assert not any("<script" in page.text for page in pages)


async def test_without_the_linker_it_says_so(database_url: Secret, nats_url: Secret, tmp_path: Path) -> None:
    async with prepared(settings(database_url, nats_url, tmp_path, usher_encryption_keys=new_key("k"))) as house:
        page = await open_page(house, id="0" * 26)

    assert page.status_code == 503
    assert "goes on by itself" in page.text
