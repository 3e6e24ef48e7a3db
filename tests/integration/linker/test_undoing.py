"""Taking back what was said about people, over REST, with a gateway, a linker and a syncer at work."""

import json
from typing import Any

from simulators.plex_tv.app import PlexTv
from simulators.senders import jellyfin_stop, plex_scrobble
from tests.integration.linker.linking import Place, admin
from tests.integration.linker.town import Town


def ids(person: Any) -> set[str]:
    return {each["id"] for each in person["identities"]}


async def merges_of(town: Town, person: Any) -> Any:
    return (await town.house.get(f"/api/people/{person['id']}/merges")).json()["items"]


async def test_an_account_that_is_given_back_is_unclaimed_with_its_plays(town: Town) -> None:
    seen = await town.play("jellyfin", jellyfin_stop(1))
    ada = await town.claim(seen, name="Ada")
    await town.until_plays_of("Ada")

    answer = await town.give_back(ada, seen)
    again = await town.give_back(ada, seen)

    assert (answer.status_code, answer.json()["identities"]) == (200, [])
    assert again.json() == answer.json()
    assert await town.unclaimed() == [seen]
    await town.until_plays_of(None)


async def test_an_account_can_be_claimed_again_by_the_same_person(town: Town) -> None:
    seen = await town.play("jellyfin", jellyfin_stop(1))
    ada = await town.claim(seen, name="Ada")
    for _ in range(2):
        await town.give_back(ada, seen)
        await town.until_plays_of(None)

        await town.claim(seen, ada["id"])

        await town.until_plays_of("Ada")


async def test_an_account_is_given_back_on_all_servers(town: Town) -> None:
    seen = await town.play("plex", plex_scrobble(1, server="attic", account=4711))
    ada = await town.claim(seen, name="Ada")
    await town.house.webhook("plex", json.loads(plex_scrobble(2, server="cellar", account=4711)))
    await town.until_plays_of("Ada", "Ada")

    await town.give_back(ada, seen)

    await town.until_plays_of(None, None)
    assert {each["server"] for each in await town.unclaimed()} == {"attic", "cellar"}


async def test_an_account_of_somebody_else_or_of_nobody_is_refused(town: Town) -> None:
    seen = await town.play("jellyfin", jellyfin_stop(1))
    other = await town.play("jellyfin", jellyfin_stop(2, user="other"))
    ada, ben = await town.claim(seen, name="Ada"), await town.claim(other, name="Ben")

    of_another = await town.give_back(ben, seen)
    of_nobody = await town.give_back(ben, {**seen, "account_id": "nobodys"})

    assert (of_another.status_code, of_nobody.status_code) == (409, 404)
    assert ids((await town.house.get(f"/api/people/{ada['id']}")).json()) == {seen["account_id"]}


async def test_a_linked_account_is_unlinked_before_it_is_given_back(town: Town, plex: PlexTv) -> None:
    account = plex.accounts.add("carl")
    caller = await admin(town.house)
    await caller.sign_in(plex, account)
    [carl] = (await town.house.get("/api/people")).json()["items"]
    linked = {"source": "plex", "server": "", "account_id": str(account.id)}

    refused = await town.give_back(carl, linked)
    await caller.unlink(person=carl["id"])
    answer = await town.give_back(carl, linked)

    assert (refused.status_code, "unlink it first" in refused.text) == (409, True)
    assert answer.status_code == 200
    assert str(account.id) not in ids(answer.json())


async def test_an_undone_merge_brings_back_both_with_their_plays(town: Town) -> None:
    one = await town.play("jellyfin", jellyfin_stop(1))
    other = await town.play("jellyfin", jellyfin_stop(2, user="other"))
    ada, ben = await town.claim(one, name="Ada"), await town.claim(other, name="Ben")
    for _ in range(2):
        await town.merge(ada, ben)
        await town.until_plays_of("Ada", "Ada")

        answer = await town.merge(ada, ben, verb="unmerge")
        again = await town.merge(ada, ben, verb="unmerge")

        assert answer.json() == again.json() == ben
        assert (await town.house.get(f"/api/people/{ada['id']}")).json() == ada
        await town.until_plays_of("Ada", "Ben")


async def test_what_was_given_back_since_a_merge_is_not_brought_back(town: Town) -> None:
    one = await town.play("jellyfin", jellyfin_stop(1))
    other = await town.play("jellyfin", jellyfin_stop(2, user="other"))
    ada, ben = await town.claim(one, name="Ada"), await town.claim(other, name="Ben")
    await town.merge(ada, ben)
    await town.give_back(ada, other)
    await town.claim(other, ada["id"])

    answer = await town.merge(ada, ben, verb="unmerge")

    assert answer.json()["identities"] == []
    await town.until_plays_of("Ada", "Ada")


async def test_people_who_were_merged_one_after_the_other_are_brought_back_one_by_one(town: Town) -> None:
    people = []
    for number, name in enumerate(("Ada", "Ben", "Cleo"), start=1):
        seen = await town.play("jellyfin", jellyfin_stop(number, user=name))
        people.append(await town.claim(seen, name=name))
    ada, ben, cleo = people
    await town.merge(ben, cleo)
    await town.merge(ada, ben)
    await town.until_plays_of("Ada", "Ada", "Ada")

    await town.merge(ada, ben, verb="unmerge")
    await town.until_plays_of("Ada", "Ben", "Ben")
    await town.merge(ben, cleo, verb="unmerge")

    await town.until_plays_of("Ada", "Ben", "Cleo")


async def test_who_is_part_of_a_person_is_listed_until_the_merge_is_undone(town: Town, place: Place) -> None:
    people = []
    for number, name in enumerate(("Ada", "Ben", "Cleo"), start=1):
        seen = await town.play("jellyfin", jellyfin_stop(number, user=name))
        people.append(await town.claim(seen, name=name))
    ada, ben, cleo = people
    await town.merge(ben, cleo)
    await town.merge(ada, ben)

    merged = await merges_of(town, ada)
    await town.merge(ada, cleo, verb="unmerge")
    left = await merges_of(town, ada)
    await place.rows("delete from merges")
    not_remembered = await merges_of(town, ada)

    assert [(each["id"], each["name"]) for each in merged] == [(ben["id"], "Ben"), (cleo["id"], "Cleo")]
    assert all(each["merged_at"] for each in merged)
    assert [each["id"] for each in left] == [ben["id"]]
    assert not_remembered == [{"id": ben["id"], "name": "Ben", "merged_at": None}]
    assert (await town.house.get("/api/people/nobody/merges")).status_code == 404


async def test_a_merge_that_was_not_or_is_not_remembered_cannot_be_undone(town: Town, place: Place) -> None:
    one = await town.play("jellyfin", jellyfin_stop(1))
    other = await town.play("jellyfin", jellyfin_stop(2, user="other"))
    ada, ben = await town.claim(one, name="Ada"), await town.claim(other, name="Ben")

    not_merged = await town.merge(ada, ben, verb="unmerge")
    await town.merge(ada, ben)
    await place.rows("delete from merges")
    not_remembered = await town.merge(ada, ben, verb="unmerge")
    nobody = await town.merge(ada, {"id": "nobody"}, verb="unmerge")

    assert (not_merged.status_code, not_remembered.status_code, nobody.status_code) == (409, 409, 404)
    assert "before Usher remembered" in not_remembered.text
