"""All people are checked: each night, and when Seerr is set up or moves."""

from datetime import UTC, datetime, timedelta

import pytest

from services.linker.seerr.jobs import CheckSeerr
from services.linker.seerr.nightly_check import BEGINS
from shared.bus.work import Worker
from shared.postgres.pool import Pool
from shared.schedules import Schedules
from simulators.serving import serving
from tests.integration.linker.seerr.conftest import ForgetfulSeerr, every_dialect
from tests.integration.linker.seerr.people import KEY, People
from tests.integration.service import until

HERS, ANOTHERS = "80351110224678912", "80351110224678913"


@pytest.mark.usefixtures("linker")
@every_dialect
async def test_persons_who_linked_before_seerr_was_set_up_are_matched(
    without_seerr: People, seerr: ForgetfulSeerr, seerr_url: str
) -> None:
    people = without_seerr
    hers = seerr.users.add(email="anna@example.org")
    persons = [
        await people.link_plex("anna", 42, email="anna@example.org", discord_id=HERS),
        await people.link_plex("ben", 43, email="ben@example.org"),
    ]
    await people.jobs_done()
    await people.configure(seerr_url)

    await people.say_server_changed()

    assert [await people.matched(person) for person in persons] == [hers.id, 3]
    await until(lambda: hers.settings is not None)


@pytest.mark.usefixtures("linker")
async def test_a_large_house_is_read_once_and_not_for_each_person(
    without_seerr: People, seerr: ForgetfulSeerr, seerr_url: str, pool: Pool
) -> None:
    people = without_seerr
    for number in range(250):
        seerr.users.add(email=f"u{number}@example.org")
        person = await people.add(f"u{number}")
        await people.own(person, "plex", str(1000 + number), email=f"u{number}@example.org")
    await people.configure(seerr_url)

    await people.say_server_changed()
    await people.jobs_done()

    assert await pool.fetchval("select count(distinct seerr_user_id) from persons") == 250
    lists = sum(request.path.endswith("/user") and request.method == "GET" for request in seerr.seen)
    assert lists <= 2 * 3 + 3  # the persons in two parts, and the users' settings in three


@pytest.mark.usefixtures("linker")
async def test_another_servers_change_is_no_reason_to_ask_seerr(people: People, seerr: ForgetfulSeerr) -> None:
    await people.say_server_changed("Attic")
    await people.jobs_done()

    assert len(seerr.seen) == 0


@pytest.mark.usefixtures("linker")
async def test_users_of_a_seerr_at_another_address_are_searched_anew(people: People, seerr: ForgetfulSeerr) -> None:
    seerr.users.add(email="ben@example.org")
    hers = seerr.users.add(email="anna@example.org")
    anna = await people.link_plex("anna", 42, email="anna@example.org")
    assert await people.matched(anna) == hers.id
    other = ForgetfulSeerr(seerr.dialect, api_key=KEY)
    other.users.add(email="anna@example.org")
    other.users.add(email="carl@example.org")

    async with serving(other) as url:
        await people.configure(url)
        await people.say_server_changed()
        await people.jobs_done()

        assert (await people.find(anna)).seerr_user_id == 2
    assert [(fact.account_id, fact.reason) for fact in people.unlinked] == [
        ("3", "Seerr's user 3 is somebody else's by now")
    ]
    assert [fact.account_id for fact in people.linked] == ["3", "2"]


@pytest.mark.usefixtures("linker")
async def test_a_user_who_went_or_became_anothers_is_replaced(people: People, seerr: ForgetfulSeerr) -> None:
    gone = seerr.users.add(email="anna@example.org")
    changed = seerr.users.add(email="ben@example.org")
    anna = await people.link_plex("anna", 42, email="anna@example.org")
    ben = await people.link_plex("ben", 43, email="ben@example.org")
    assert [await people.matched(anna), await people.matched(ben)] == [gone.id, changed.id]
    await people.jobs_done()
    seerr.users.remove(gone)
    changed.plex_id, changed.email = 4711, "somebody@example.org"

    await people.say_server_changed()
    await people.jobs_done()

    numbers = [await people.matched(anna), await people.matched(ben)]
    assert {gone.id, changed.id}.isdisjoint(numbers)
    assert len(set(numbers)) == 2


@pytest.mark.usefixtures("linker")
async def test_who_took_their_discord_id_out_themselves_is_left_alone(people: People, seerr: ForgetfulSeerr) -> None:
    hers = seerr.users.add(email="anna@example.org")
    await people.matched(await people.link_plex("anna", 42, email="anna@example.org", discord_id=HERS))
    await until(lambda: hers.settings is not None)
    await people.jobs_done()
    hers.settings = {"discordId": None}

    await people.say_server_changed()
    await people.jobs_done()

    assert hers.settings == {"discordId": None}


@pytest.mark.usefixtures("linker")
async def test_an_id_that_another_user_got_is_taken_out_at_the_next_check(
    people: People, seerr: ForgetfulSeerr
) -> None:
    hers = seerr.users.add(email="anna@example.org")
    stray = seerr.users.add(email="stray@example.org")
    await people.matched(await people.link_plex("anna", 42, email="anna@example.org", discord_id=HERS))
    await until(lambda: hers.settings is not None)
    await people.jobs_done()
    stray.settings = {"discordId": HERS}

    await people.say_server_changed()

    await until(lambda: not (stray.settings or {}).get("discordId"))


@pytest.mark.usefixtures("linker")
async def test_a_night_is_begun_once_by_all_replicas(people: People, seerr: ForgetfulSeerr, pool: Pool) -> None:
    hers = seerr.users.add(email="anna@example.org")
    anna = await people.add("anna")
    await people.own(anna, "plex", "42", email="anna@example.org")
    now = datetime(2026, 5, 1, 2, 59, tzinfo=UTC)
    replicas = [Schedules(Worker(pool), now=lambda: now), Schedules(Worker(pool), now=lambda: now)]
    for each in replicas:
        each.add(BEGINS, CheckSeerr())

    for each in (*replicas, *replicas):
        await each.give_due()
    assert await people.matched(anna) == hers.id
    await people.jobs_done()
    now += timedelta(minutes=2)
    for each in (*replicas, *replicas):
        await each.give_due()
    await people.jobs_done()

    assert [(run.status, run.progress.done, run.progress.total, run.counts) for run in people.checks()] == [
        ("success", 3, 3, {"persons": 1, "persons_to_match": 0, "users": 2})
    ] * 2


@pytest.mark.usefixtures("linker")
async def test_checks_that_were_begun_before_there_were_runs_are_done(people: People, seerr: ForgetfulSeerr) -> None:
    hers = seerr.users.add(email="anna@example.org")
    anna = await people.add("anna")
    await people.own(anna, "plex", "42", email="anna@example.org")
    await people.own(anna, "discord", HERS)

    await people.bus.publish("jobs.seerr.sweep", b'{"after":"p7"}', message_id="1")
    await people.bus.publish("jobs.seerr.survey", b'{"began_at":"2026-05-01T03:00:00Z","skip":7}', message_id="2")

    assert await people.matched(anna) == hers.id
    await until(lambda: (hers.settings or {}).get("discordId") == HERS)
    await people.jobs_done()
    assert {run.status for run in people.checks()} == {"success"}
    assert await people.dead() == []


@pytest.mark.usefixtures("linker")
async def test_a_check_goes_on_past_who_cannot_be_matched(people: People, seerr: ForgetfulSeerr) -> None:
    seerr.users.add(email="a@example.org", username="anna")
    seerr.users.add(email="b@example.org", username="anna")
    persons: list[str] = []
    for name in ("anna", "ben", "anna"):
        person = await people.add(name)
        await people.own(person, "plex", str(100 + len(persons)), username=name)
        persons.append(person)
    hers = seerr.users.add(email="ben@example.org", plex_id=101)

    await people.say_server_changed()
    await people.jobs_done()

    assert [(await people.find(person)).seerr_user_id for person in persons] == [None, hers.id, None]


@pytest.mark.usefixtures("linker")
async def test_who_had_which_user_of_a_removed_seerr_is_forgotten(
    people: People, seerr: ForgetfulSeerr, pool: Pool
) -> None:
    seerr.users.add(email="anna@example.org")
    seerr.users.add(email="carl@example.org", username="carl")
    seerr.users.add(email="other@example.org", username="carl")
    anna = await people.link_plex("anna", 42, email="anna@example.org", discord_id=HERS)
    carl = await people.link_plex("carl", 43)
    assert await people.matched(anna) == 2
    assert await people.reason(carl)
    await people.say_server_changed()
    await people.jobs_done()

    await people.remove_seerr()
    await people.jobs_done()

    found = [await people.find(person) for person in (anna, carl)]
    assert [(each.seerr_user_id, each.seerr_reason) for each in found] == [(None, None), (None, None)]
    assert [each.provider for each in found[0].identities if each.provider == "seerr"] == []
    assert [(each.person_id, each.account_id, each.reason) for each in people.unlinked] == [
        (anna, "2", "Seerr was removed")
    ]
    assert await pool.fetchval("select count(*) from seerr_discord_ids") == 0


@pytest.mark.usefixtures("linker")
async def test_all_of_a_large_house_are_forgotten(people: People, pool: Pool) -> None:
    await pool.execute(
        "insert into persons (id, name, seerr_user_id) select 'p' || n, 'p' || n, n from generate_series(2, 451) as n"
    )

    await people.remove_seerr()
    await people.jobs_done()

    assert await pool.fetchval("select count(seerr_user_id) from persons") == 0
    assert len({each.person_id for each in people.unlinked}) == 450


@pytest.mark.usefixtures("linker")
async def test_jobs_end_quietly_when_seerr_is_removed_under_them(
    people: People, seerr: ForgetfulSeerr, pool: Pool
) -> None:
    seerr.users.add(email="anna@example.org")
    goes_on = seerr.hold_next(path="/api/v1/user")
    anna = await people.link_plex("anna", 42, email="anna@example.org", discord_id=HERS)
    await until(lambda: seerr.asked("GET /api/v1/user") > 0)

    await people.remove_seerr()
    goes_on.set()
    ben = await people.link_plex("ben", 43, email="ben@example.org")
    await people.jobs_done()

    assert [(await people.find(person)).seerr_user_id for person in (anna, ben)] == [None, None]
    assert await pool.fetchval("select count(*) from seerr_matches") == 0
    assert (people.linked, await people.dead()) == ([], [])


@pytest.mark.usefixtures("linker")
async def test_who_is_set_up_again_meanwhile_keeps_its_users(people: People, seerr: ForgetfulSeerr) -> None:
    hers = seerr.users.add(email="anna@example.org")
    anna = await people.link_plex("anna", 42, email="anna@example.org")
    assert await people.matched(anna) == hers.id

    await people.say_server_changed(is_removed=True)
    await people.jobs_done()

    assert (await people.find(anna)).seerr_user_id == hers.id
    assert people.unlinked == []


@pytest.mark.usefixtures("linker")
async def test_a_user_whose_settings_seerr_refuses_to_show_holds_up_nobody_else(
    people: People, seerr: ForgetfulSeerr
) -> None:
    """Only the Discord id could tell that anna's user is still hers."""
    anna = await people.link_plex("anna", 42, email="anna@example.org", discord_id=HERS)
    hers = seerr.users.by_id[await people.matched(anna)]
    await people.jobs_done()
    hers.created_at += timedelta(days=1)
    hers.email, hers.username = "x@example.org", "x"
    seerr.fail_next(403, times=100, path=f"/api/v1/user/{hers.id}/settings")
    stray = seerr.users.add(email="stray@example.org", settings={"discordId": ANOTHERS})
    carla = await people.add("carla")
    await people.own(carla, "plex", "44", email="carla@example.org")
    await people.own(carla, "discord", ANOTHERS)

    await people.say_server_changed()
    await people.matched(carla)
    await people.jobs_done()

    assert [(user.settings or {}).get("discordId") for user in (hers, stray)] == [HERS, ""]
    assert (await people.find(anna)).seerr_user_id == hers.id
    assert {*await people.dead()} == {"Seerr does not allow this (403)"}
