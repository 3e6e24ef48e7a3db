"""Exporting what is known of a person, over REST, with a gateway, a linker and a syncer at work."""

from typing import Any

import asyncpg

from simulators.plex_tv.app import PlexTv
from simulators.senders import jellyfin_stop, plex_scrobble
from tests.integration.gateway.house import ADMIN
from tests.integration.linker.linking import Place, key
from tests.integration.linker.town import Town

PASSWORD = "a-password-of-theirs"


async def copy_plays(place: Place, *, times: int) -> None:
    """Store copies of each play, five at each moment."""
    connection = await asyncpg.connect(place.database_url.reveal(), server_settings={"search_path": "syncer"})
    try:
        await connection.execute("create temporary table copies as select * from plays")
        await connection.execute(
            """insert into plays select (jsonb_populate_record(copies, jsonb_build_object('id', 'copy-' || number,
                'watched_at', copies.watched_at - number / 5 * interval '1 hour'))).*
            from copies, generate_series(1, $1) as number""",
            times,
        )
    finally:
        await connection.close()


async def export(town: Town, person_id: str, headers: dict[str, str] = ADMIN) -> Any:
    return await town.house.get(f"/api/people/{person_id}/export", headers=headers)


async def key_of(town: Town, person_id: str | None, *scopes: str) -> dict[str, str]:
    body = {"name": "script", "scopes": scopes, "person_id": person_id}
    return {"X-API-Key": (await town.house.post("/api/keys", body)).json()["key"]}


async def test_an_export_has_everything_and_no_secret(town: Town, plex: PlexTv, place: Place) -> None:
    ada = await town.claim(await town.play("jellyfin", jellyfin_stop(1)), name="Ada")
    await town.until_plays_of("Ada")
    await key(town.house, ada["id"]).sign_in(plex, plex.accounts.add("ada-at-plex"))
    settings = {"immune": True, "password": PASSWORD}
    await town.house.http.put("/api/users/ada/settings", json=settings, headers=ADMIN)
    hers = await key_of(town, ada["id"], "self")
    await copy_plays(place, times=1000)

    answer = await export(town, ada["id"], hers)

    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="usher-{ada["id"]}.json"'
    known = answer.json()
    assert known["person"] == (await town.house.get(f"/api/people/{ada['id']}")).json()
    assert [(each["provider"], each["account"]["username"]) for each in known["integrations"]] == [
        ("plex", "ada-at-plex")
    ]
    assert [(each["provider"], each["state"]) for each in known["sign_ins"]] == [("plex", "authorized")]
    assert [(each["username"], each["has_password"]) for each in known["settings"]] == [("ada", True)]
    assert [each["name"] for each in known["keys"]] == ["script"]
    assert known["sessions"] == []
    plays = known["plays"]
    assert len({each["id"] for each in plays}) == len(plays) == 1001
    assert plays == sorted(plays, key=lambda each: each["watched_at"], reverse=True)
    assert PASSWORD not in answer.text
    assert hers["X-API-Key"] not in answer.text


async def test_an_export_of_somebody_without_plays_is_whole(town: Town) -> None:
    seen = await town.play("jellyfin", jellyfin_stop(1))
    ada = await town.claim(seen, name="Ada")
    await town.give_back(ada, seen)
    await town.until_plays_of(None)

    assert (await export(town, ada["id"])).json()["plays"] == []


async def test_an_export_has_no_settings_of_a_name_that_somebody_else_has_too(town: Town) -> None:
    ada = await town.claim(await town.play("jellyfin", jellyfin_stop(1, user="twin")), name="Ada")
    await town.claim(await town.play("plex", plex_scrobble(1, server="attic", account=4711)), name="Twin")
    for name in ("twin", "ada"):
        await town.house.http.put(f"/api/users/{name}/settings", json={"immune": True}, headers=ADMIN)

    known = (await export(town, ada["id"])).json()

    assert [each["username"] for each in known["person"]["identities"]] == ["twin"]
    assert [each["username"] for each in known["settings"]] == ["ada"]


async def test_an_export_of_others_needs_the_scope_admin(town: Town) -> None:
    ada = await town.claim(await town.play("jellyfin", jellyfin_stop(1)), name="Ada")
    ben = await town.claim(await town.play("jellyfin", jellyfin_stop(2, user="ben")), name="Ben")

    assert (await export(town, ben["id"], await key_of(town, ada["id"], "self"))).status_code == 403
    assert (await export(town, ben["id"], await key_of(town, None, "write"))).status_code == 403
    assert (await export(town, ben["id"])).status_code == 200
    assert (await export(town, "nobody")).status_code == 404
