"""Servers of the settings: made at the first start, and left to whoever changes them."""

import asyncio

from shared.owners import server_token
from shared.schemas.secret import Secret
from tests.integration.linker.servers.linkers import Place, of_plex
from tests.integration.linker.servers.stand_ins import Street

KEY = "seerr-api-key"


async def test_the_first_start_makes_the_servers_of_the_settings(place: Place, street: Street) -> None:
    seerr = {"seerr_url": f"{street.urls['seerr']}/api/v1", "seerr_api_key": Secret(KEY)}
    trakt = {"trakt_client_id": "app/1", "trakt_client_secret": Secret("canary-of-trakt")}
    async with place.linker(**of_plex(street), **seerr, **trakt) as linker:
        [before] = await linker.all()
        looked = await linker.look()
        [after] = await linker.all()
        shown = await linker.seerr()
        secret = await linker.vault.get(server_token("Trakt", type="trakt"))

    assert (before.name, before.reachable, before.machine_identifier) == ("Plex", None, None)
    assert (after.reachable, after.machine_identifier, after.user_count) == (True, street.device.machine_id, 2)
    assert (shown.url, shown.version) == (street.urls["seerr"], "3.1.0")
    assert secret == Secret("canary-of-trakt")
    assert looked == 2


async def test_incomplete_or_refused_settings_make_nothing(place: Place, street: Street) -> None:
    wrong = {"plex_host": "http://169.254.169.254", "plex_token": Secret("t"), "seerr_url": street.urls["seerr"]}
    async with place.linker(**wrong) as linker:
        assert await linker.all() == []
        assert (await linker.seerr()).url is None


async def test_a_server_of_the_settings_that_is_away_is_kept_and_found_later(place: Place, street: Street) -> None:
    street.plex.fail_next(503)
    async with place.linker(**of_plex(street)) as linker:
        await linker.look()
        away = await linker.one("Plex")
        await linker.look()
        back = await linker.one("Plex")

    assert (away.reachable, back.reachable, back.problem) == (False, True, None)


async def test_a_server_that_does_not_answer_is_looked_at_again_in_a_minute(place: Place, street: Street) -> None:
    async with place.linker() as linker:
        await linker.add_from(street, "plex")
        await linker.add_from(street, "jellyfin")
        street.plex.fail_next(503)
        await linker.look()
        async with linker.parts.pool.acquire() as connection:
            rows = await connection.fetch("select name, check_at - checked_at as wait from servers order by name")

    well, ill = (row["wait"].total_seconds() for row in rows)
    assert 200 < well <= 300
    assert 50 < ill <= 60


async def test_a_later_start_changes_what_nobody_else_has_changed(place: Place, street: Street) -> None:
    async with place.linker(**of_plex(street)):
        pass
    async with place.linker(**of_plex(street, plex_host="http://127.0.0.1:32499/")) as linker:
        moved = await linker.one("Plex")
    async with place.linker(**of_plex(street, plex_token=Secret("rotated"))) as linker:
        back, token = await linker.one("Plex"), await linker.vault.get(server_token("Plex", type="plex"))

    assert moved.url == "http://127.0.0.1:32499"
    assert (back.url, token) == (street.urls["plex"], Secret("rotated"))


async def test_a_later_start_leaves_what_somebody_has_changed(place: Place, street: Street) -> None:
    async with place.linker(**of_plex(street)) as linker:
        await linker.change("Plex", request_limit=3)
    async with place.linker(**of_plex(street, plex_host="http://127.0.0.1:32499")) as linker:
        assert (await linker.one("Plex")).url == street.urls["plex"]


async def test_what_somebody_removed_does_not_come_back(place: Place, street: Street) -> None:
    async with place.linker(**of_plex(street)) as linker:
        await linker.remove("Plex")
    async with place.linker(**of_plex(street)) as linker:
        assert await linker.all() == []


async def test_a_seerr_that_somebody_removed_does_not_come_back(place: Place, street: Street) -> None:
    seerr = {"seerr_url": street.urls["seerr"], "seerr_api_key": Secret(KEY)}
    async with place.linker(**seerr) as linker:
        await linker.remove_seerr()
    async with place.linker(**seerr) as linker:
        assert (await linker.seerr()).url is None


async def test_what_somebody_has_set_up_is_not_made_a_second_time(place: Place, street: Street) -> None:
    settings = of_plex(street, seerr_url=street.urls["seerr"], seerr_api_key=Secret(KEY))
    async with place.linker() as linker:
        street.plex.fail_next(503)
        await linker.add_from(street, "plex", name="Attic")
        async with linker.parts.pool.acquire() as connection:
            await connection.execute("insert into servers (name, type, url) values ('Ours', 'seerr', 'http://seerr')")
    async with place.linker(**settings) as linker:
        kept, seerr = await linker.all(), await linker.seerr()
        await linker.remove("Attic")
    async with place.linker(**settings) as linker:
        assert await linker.all() == []

    assert [each.name for each in kept] == ["Attic"]
    assert seerr.url == "http://seerr"


async def test_a_server_of_the_settings_that_has_another_name_by_now_is_not_made_again(
    place: Place, street: Street
) -> None:
    async with place.linker(**of_plex(street)) as linker:
        await linker.remove("Plex")
        await linker.add_from(street, "plex", name="Attic")
    async with place.linker(**of_plex(street, plex_host="http://127.0.0.1:32499")) as linker:
        assert [(each.name, each.url) for each in await linker.all()] == [("Attic", street.urls["plex"])]


async def test_replicas_that_start_together_make_each_server_once(place: Place, street: Street) -> None:
    async with place.linker() as first, place.linker() as second, place.linker(**of_plex(street)) as third:
        await asyncio.gather(*(each.servers.from_settings.apply() for each in (first, second, third, third)))

        assert len(await third.all()) == 1
