"""/link, /unlink, /whoami and /help from the command to the message that the person reads."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from services.linker.people.store import people
from shared.bus.store import StoredRetry
from shared.discord.messages import Message
from shared.discord.replying import write_to
from shared.discord.slash_commands import COMMANDS
from shared.errors import ConflictError, PermanentError, TransientError, UsherError
from shared.http.calls import CircuitOpenError, RateLimitedError
from shared.keyring import Keyring
from shared.postgres.pool import transaction
from shared.schemas.interactions import TOKEN
from shared.schemas.secret import Secret
from shared.sealing import Sealer
from tests.integration.discord.conftest import ADMIN, ANNA, BEN, KEYS, Account, Street
from tests.integration.service import until

EPHEMERAL = 64


async def test_link_shows_the_button_and_the_short_code_to_who_asked(street: Street) -> None:
    reply = await street.command(ANNA, "link")

    assert "AB3D" in reply["content"]
    ((button,),) = [row["components"] for row in reply["components"]]
    assert (button["style"], button["url"]) == (5, f"https://app.plex.tv/auth#?code={ANNA.id}")
    assert reply["flags"] & EPHEMERAL
    ((asker, interaction_id),) = street.sign_ins.begun
    assert (asker.kind, asker.id, asker.name) == ("discord", ANNA.id, "Anna")
    assert interaction_id is not None


async def test_an_interaction_sent_twice_has_its_effect_once(street: Street) -> None:
    interaction = street.stand_in.app.command(ANNA, "link")
    await street.use(interaction)
    await street.post(interaction)
    await street.reply(interaction)
    await until(lambda: street.is_settled("linker-interactions", "linker-jobs"))

    assert len(street.sign_ins.begun) == 1
    assert street.stand_in.direct_messages(ANNA.id) == []


async def test_an_interaction_that_was_answered_begins_nothing_when_it_comes_again(street: Street) -> None:
    interaction = street.stand_in.app.command(ANNA, "link")
    await street.use(interaction)
    await street.reply(interaction)
    stored = await street.bus.client.jetstream().get_msg("INTERACTIONS", seq=1)
    waiting = StoredRetry(
        consumer="linker-interactions",
        message_id=interaction["id"],
        subject="interactions.linker.link",
        headers={},
        payload=stored.data or b"",
        attempts=0,
        reason="replayed by hand",
        first_tried_at=datetime.now(UTC),
    )
    await street.linker.message_store.store_retry(waiting, due_at=datetime.now(UTC))

    async def is_taken() -> bool:
        return await street.linker.message_store.count_retries() == 0

    await until(is_taken)

    assert len(street.sign_ins.begun) == 1


async def test_a_redelivered_interaction_replies_once(street: Street) -> None:
    street.sign_ins.errors = [TransientError("plex.tv is slow")]

    reply = await street.command(ANNA, "link")

    assert "AB3D" in reply["content"]
    assert len(street.sign_ins.begun) == 1


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ConflictError("this account is somebody else's"), "This account is somebody else's."),
        (RateLimitedError("plex.tv asks to wait", retry_after=timedelta(minutes=5)), "Try again in 5 minutes."),
        (CircuitOpenError("plex.tv is left alone", retry_after=timedelta(seconds=30)), "Try again in 30 seconds."),
        (ConflictError("**Cellar** is [off](http://off)"), "\\*\\*Cellar\\*\\* is \\[off\\]"),
        (ConflictError("x" * 5000), "xxx…."),
        (PermanentError("the key k1 is missing"), "Something is wrong in Usher"),
    ],
)
async def test_what_stands_in_the_way_is_said_at_once(street: Street, error: UsherError, says: str) -> None:
    street.sign_ins.errors = [error]

    reply = await street.command(ANNA, "link")

    assert says in reply["content"]
    assert "k1" not in reply["content"]


async def test_a_system_that_stays_away_is_said_and_not_tried_for_hours(street: Street) -> None:
    street.sign_ins.errors = [TransientError("plex.tv does not answer")] * 5

    reply = await street.command(ANNA, "link")

    assert reply["content"] == "Plex\\.tv does not answer. Try again in a while."
    assert len(street.sign_ins.errors) == 2


async def test_a_sign_in_that_is_over_is_not_offered_again(street: Street) -> None:
    street.sign_ins.state = "cancelled"

    reply = await street.command(ANNA, "link")

    assert "called off" in reply["content"]
    assert "components" not in reply or reply["components"] == []


async def test_unlink_says_what_was_removed(street: Street) -> None:
    street.sign_ins.linked[ANNA.id] = [Account("anna_*flix*")]

    removed = await street.command(ANNA, "unlink")
    nothing = await street.command(ANNA, "unlink")

    assert "**anna\\_\\*flix\\*** any more" in removed["content"]
    assert nothing["content"].startswith("No Plex account is linked")


async def test_unlink_says_that_seerr_keeps_the_token_it_was_given(street: Street) -> None:
    street.sign_ins.linked[ANNA.id] = [Account("anna")]
    async with transaction(street.linker.pool) as connection:
        await people.add_person(connection, person_id="p1", name="Anna")
        await connection.execute(
            """insert into identities (provider, server, id, person_id, username, proven, linked_at)
            values ('discord', '', $1, 'p1', 'anna', true, now())""",
            ANNA.id,
        )
        await connection.execute(
            "insert into seerr_matches (person_id, url, tried_at, token_given_at) values ('p1', 'u', now(), now())"
        )

    removed = await street.command(ANNA, "unlink")
    nothing = await street.command(ANNA, "unlink")

    assert "Seerr was given its token and keeps it" in removed["content"]
    assert "Seerr" not in nothing["content"]


async def test_whoami_knows_persons_accounts_and_the_seerr_user(street: Street) -> None:
    stranger = await street.command(BEN, "whoami")
    async with transaction(street.linker.pool) as connection:
        await people.add_person(connection, person_id="p1", name="Anna")
        await connection.execute("update persons set seerr_user_id = 7")
        await connection.execute(
            """insert into identities (provider, server, id, person_id, username, proven, linked_at) values
            ('discord', '', $1, 'p1', 'anna', true, now()), ('plex', '', '42', 'p1', 'anna_tv', true, now()),
            ('jellyfin', 'm1', 'x', 'p1', 'annaj', true, now())""",
            ANNA.id,
        )
        await connection.execute(
            """insert into connections (provider, server, account_id, person_id, username, state, linked_at, check_at)
            values ('plex', '', '42', 'p1', 'anna_tv', 'ok', now(), now()),
            ('jellyfin', 'm1', 'x', 'p1', 'annaj', 'dead', now(), now())"""
        )
        await connection.execute(
            "insert into servers (name, type, url, machine_id) values ('Cellar', 'jellyfin', 'u', 'm1')"
        )

    known = await street.command(ANNA, "whoami")

    assert "does not know you yet" in stranger["content"]
    assert known["content"].splitlines() == [
        "You are **Anna**.",
        "- Jellyfin on Cellar: **annaj**, no longer open to Usher: link it again",
        "- Plex: **anna\\_tv**, linked",
        "- Seerr: user 7",
    ]


async def test_help_lists_what_there_is_in_the_readers_language(street: Street) -> None:
    german = msgspec.structs.replace(ANNA, locale="de")

    english = await street.command(ANNA, "help")
    translated = await street.command(german, "help")

    assert [line.split("`")[1] for line in english["content"].splitlines()] == [
        f"/{declared.command.name}" for declared in COMMANDS
    ]
    assert "`/verknüpfen`: Verknüpfe dein Plex-Konto" in translated["content"]


async def test_a_reply_that_comes_too_late_is_a_direct_message(street: Street) -> None:
    street.sign_ins.errors = [TransientError("slow", retry_after=timedelta(seconds=1))]
    interaction = street.stand_in.app.command(ANNA, "link")
    await street.use(interaction)
    street.stand_in.clock.advance(timedelta(minutes=16))

    (written,) = await street.direct_messages(ANNA)

    assert "AB3D" in written
    assert street.stand_in.interactions.reply(interaction["token"]) is None


async def test_who_takes_no_direct_messages_is_left_alone(street: Street) -> None:
    street.stand_in.closed_to_messages.add(ANNA.id)
    street.sign_ins.errors = [TransientError("slow", retry_after=timedelta(seconds=1))]
    interaction = street.stand_in.app.command(ANNA, "link")
    await street.use(interaction)
    street.stand_in.clock.advance(timedelta(minutes=16))

    await until(lambda: any(request.path.endswith("/messages") for request in street.stand_in.seen))
    await until(lambda: street.is_settled("linker-interactions", "linker-jobs"))
    tries = [request for request in street.stand_in.seen if request.path.endswith("/messages")]

    assert len(tries) == 1
    assert await _dead_letters(street) == 0


async def test_a_promise_that_is_still_on_its_way_is_waited_for(street: Street) -> None:
    interaction = street.stand_in.app.command(ANNA, "help")
    street.stand_in.interactions.send(interaction)
    answer = await street.post(interaction)
    await until(lambda: any(request.method == "PATCH" for request in street.stand_in.seen))
    await asyncio.sleep(0.2)

    street.stand_in.answered(interaction["token"], answer.json())

    assert "/link" in (await street.reply(interaction))["content"]
    assert street.stand_in.direct_messages(ANNA.id) == []


async def test_a_reply_that_another_one_overtook_does_not_take_its_place(street: Street) -> None:
    interaction = street.stand_in.app.command(ANNA, "help")
    street.stand_in.fail_next(500, path="/api/v10/webhooks")
    await street.use(interaction)
    await until(lambda: any(request.method == "PATCH" for request in street.stand_in.seen))
    waiting = street.stand_in.interactions.editable(street.stand_in.app.id, interaction["token"])
    waiting.original = {"id": "9", "content": "Done: it is yours.", "flags": EPHEMERAL}

    await until(lambda: any(request.method == "GET" for request in street.stand_in.seen))
    await until(lambda: street.is_settled("linker-jobs"))

    assert (await street.reply(interaction))["content"] == "Done: it is yours."


async def test_a_reply_survives_that_discord_fails_and_asks_to_wait(street: Street) -> None:
    street.stand_in.fail_next(502, path="/api/v10/webhooks")
    street.stand_in.fail_next(
        429, path="/api/v10/webhooks", body=b'{"message":"slow","retry_after":0.3,"global":false}', retry_after="1"
    )

    reply = await street.command(ANNA, "help")

    assert "/link" in reply["content"]
    assert await _dead_letters(street) == 0


async def test_a_direct_message_is_one_however_often_it_is_sent(street: Street) -> None:
    for _ in range(3):
        async with street.linker.worker.on_request() as work:
            write_to(work, BEN.id, Message(content="Link again"), service="linker", cause="died-1")
    async with street.syncer.worker.on_request() as work:
        write_to(work, BEN.id, Message(content="Another"), service="syncer", cause="died-2")

    written = await street.direct_messages(BEN, 2)
    await until(lambda: street.is_settled("linker-jobs", "syncer-jobs"))

    assert sorted(written) == ["Another", "Link again"]
    assert len(street.stand_in.direct_messages(BEN.id)) == 2


async def test_twenty_people_at_once_all_read_their_own_code(street: Street) -> None:
    people_at_once = [msgspec.structs.replace(ADMIN, id=str(int(ADMIN.id) + number)) for number in range(20)]

    replies = await asyncio.gather(*(street.command(person, "link") for person in people_at_once))

    for person, reply in zip(people_at_once, replies, strict=True):
        assert reply["components"][0]["components"][0]["url"].endswith(f"code={person.id}")


async def test_no_token_is_in_any_stream_table_or_log(street: Street, capsys: pytest.CaptureFixture[str]) -> None:
    interaction = street.stand_in.app.command(ANNA, "link")
    street.sign_ins.errors = [TransientError("slow", retry_after=timedelta(seconds=1))]
    await street.use(interaction)
    await street.reply(interaction)
    await until(lambda: street.is_settled("linker-interactions", "linker-jobs"))

    stream = street.bus.client.jetstream()
    seen = [capsys.readouterr().out]
    for name in ("INTERACTIONS", "JOBS", "EVENTS", "DEAD"):
        count = (await stream.stream_info(name)).state.messages
        seen += [str((await stream.get_msg(name, seq=number + 1)).data) for number in range(count)]
    async with transaction(street.linker.pool) as connection:
        for table in ("outbox", "inbox", "retries"):
            seen += [str(dict(row)) for row in await connection.fetch(f"select * from {table}")]  # noqa: S608

    assert len(seen) >= 3
    assert not any(interaction["token"] in each for each in seen)


async def _dead_letters(street: Street) -> int:
    return int((await street.bus.client.jetstream().stream_info("DEAD")).state.messages)


async def test_work_of_the_version_before_is_still_done(street: Street) -> None:
    interaction = street.stand_in.app.command(ANNA, "whoami")
    street.stand_in.interactions.send(interaction)
    street.stand_in.answered(interaction["token"], {"type": 5, "data": {"flags": 64}})
    token = Sealer(Keyring.parse(KEYS)).seal(Secret(interaction["token"]), purpose=TOKEN)
    envelope = {"id": interaction["id"], "received_at": datetime.now(UTC), "payload": {**interaction, "token": ""}}
    message = {"content": "Hello", "embeds": [], "components": [], "allowed_mentions": {"parse": [], "users": []}}
    job = {"user_id": BEN.id, "cause": "c1", "message": message}

    stored = msgspec.json.encode({**envelope, "token": token, "is_ephemeral": True, "is_admin": False})
    await street.bus.publish("interactions.linker.whoami", stored, message_id=interaction["id"])
    await street.bus.publish("jobs.linker.write", msgspec.json.encode(job), message_id="j1")

    assert "does not know you yet" in (await street.reply(interaction))["content"]
    assert await street.direct_messages(BEN) == ["Hello"]
