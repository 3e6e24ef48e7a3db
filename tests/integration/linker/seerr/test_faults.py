"""Seerr away, slow, broken or misconfigured: nothing half done, a reason for people, and recovery."""

import pytest

from cli.embedded.program import free_port
from simulators.serving import serving
from tests.integration.linker.seerr.conftest import ForgetfulSeerr
from tests.integration.linker.seerr.people import People
from tests.integration.service import until

pytestmark = pytest.mark.usefixtures("linker")


async def test_a_seerr_that_is_away_is_waited_for(without_seerr: People, seerr: ForgetfulSeerr) -> None:
    people, port = without_seerr, free_port()
    await people.configure(f"http://127.0.0.1:{port}")

    anna = await people.link_plex("anna", 42, email="anna@example.org")

    assert "out of reach" in await people.reason(anna)
    async with serving(seerr, port=port):
        await people.matched(anna)
        await people.jobs_done()
    assert (await people.find(anna)).seerr_reason is None
    assert len(seerr.users.by_id) == 2


async def test_a_slow_seerr_holds_up_no_question(people: People, seerr: ForgetfulSeerr) -> None:
    goes_on = seerr.hold_next(times=3)
    persons = [await people.link_plex(f"user{number}", 100 + number) for number in range(3)]
    await until(lambda: len(seerr.seen) > 0)

    found = await people.find(persons[0])

    assert found.seerr_user_id is None
    goes_on.set()
    assert len({await people.matched(person) for person in persons}) == 3


@pytest.mark.parametrize(
    ("status", "says"), [(200, "a web page: is the address right?"), (302, "points to another address")]
)
async def test_an_address_that_is_not_seerrs_is_named(
    people: People, seerr: ForgetfulSeerr, status: int, says: str
) -> None:
    seerr.fail_next(status, times=20)

    anna = await people.link_plex("anna", 42)

    assert says in await people.reason(anna)
    await people.jobs_done()
    assert len(await people.dead()) == 1
    assert len(seerr.users.by_id) == 1


async def test_html_with_a_500_is_waited_out(people: People, seerr: ForgetfulSeerr) -> None:
    seerr.fail_next(502, times=1, path="/api/v1/user")

    anna = await people.link_plex("anna", 42)

    assert await people.matched(anna) == 2


async def test_a_wrong_key_is_said_and_a_right_one_makes_all_good(
    people: People, seerr: ForgetfulSeerr, seerr_url: str
) -> None:
    await people.configure(seerr_url, key="wrong")
    anna = await people.link_plex("anna", 42)
    assert "does not accept the API key" in await people.reason(anna)
    await people.jobs_done()
    assert ["does not accept the API key" in reason for reason in await people.dead()] == [True]

    await people.configure(seerr_url)
    await people.say_server_changed()

    assert await people.matched(anna) == 2
    assert (await people.find(anna)).seerr_reason is None
    assert len(seerr.users.by_id) == 2


async def test_a_seerr_without_a_key_is_said_and_not_asked(people: People, seerr: ForgetfulSeerr) -> None:
    await people.pool.execute("delete from shared.credentials")

    await people.link_plex("anna", 42)
    await people.jobs_done()

    assert ["has no API key" in reason for reason in await people.dead()] == [True]
    assert len(seerr.seen) == 0


async def test_protection_against_forgery_is_named(people: People, seerr: ForgetfulSeerr) -> None:
    seerr.authentication.csrf_protection = True
    seerr.users.add(email="ben@example.org")

    anna = await people.link_plex("anna", 42)
    ben = await people.link_plex("ben", 43, email="ben@example.org", discord_id="80351110224678912")

    assert "CSRF protection off" in await people.reason(anna)
    assert "CSRF protection off" in await people.reason(ben)
    assert await people.matched(ben) == 2


async def test_what_seerr_repeats_of_its_key_is_not_kept(people: People, seerr: ForgetfulSeerr) -> None:
    seerr.fail_next(400, times=9, body=b'{"message": "odd header seerr-api-key"}', content_type="application/json")

    anna = await people.link_plex("anna", 42)

    assert await people.reason(anna) == "Seerr refused: odd header *** (400)"


async def test_messages_that_are_not_understood_are_buried(people: People) -> None:
    await people.bus.publish("jobs.seerr.match_user", b'{"person_id": 5}', message_id="odd-1")
    await people.bus.publish("jobs.seerr.unheard_of", b"{}", message_id="odd-2")
    await people.bus.publish("jobs.seerr.match_user", b'{"person_id": "nobody"}', message_id="odd-3")
    await people.jobs_done()

    assert sorted(reason[:14] for reason in await people.dead()) == ["not understood", "there is no jo"]
