"""What becomes of sign-ins that Discord, passwords and other systems began: replies, revocations."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from services.linker.signins.domain import Asker, Authorization, Ended
from services.linker.signins.providers import Providers
from shared.errors import ConflictError, InvalidError
from shared.http.calls import RefusedError
from shared.owners import account_token, reply_token, sign_in_secret
from shared.schemas.events import AccountLinked
from shared.schemas.interactions import TOKEN, Interaction, Reply
from shared.schemas.media import Provider
from shared.schemas.secret import Secret
from simulators.plex_tv.app import PlexTv
from tests.integration.gateway.house import House
from tests.integration.linker.codes import Codes, authorized
from tests.integration.linker.linking import Linker, Place, Said, admin, claim, people
from tests.integration.service import until

ADA = Asker("discord", "80351110224678912", "ada")
BERT = Asker("discord", "80351110224678913", "bert")


def interaction(linker: Linker, number: int = 1) -> Interaction:
    return Interaction(
        id=f"12345678901234567{number}",
        received_at=datetime.now(UTC),
        payload=msgspec.Raw(b"{}"),
        token=linker.sealer.seal(Secret(f"canary-of-interaction-{number}"), purpose=TOKEN),
    )


async def replies(said: Said, linker: Linker, count: int) -> list[tuple[Reply, str, str]]:
    """Wait for a number of replies; return each with its token and text."""
    await until(lambda: len(said.on("jobs.linker.reply")) >= count)
    found = [msgspec.json.decode(data, type=Reply) for _, data in said.on("jobs.linker.reply")]
    return [
        (
            reply,
            linker.sealer.unseal(reply.token, purpose=TOKEN).reveal(),
            msgspec.json.decode(reply.message)["content"],
        )
        for reply in found
    ]


async def test_discord_hears_how_it_ended_in_its_last_reply(
    plex: PlexTv, house: House, linker: Linker, said: Said
) -> None:
    first = await linker.sign_ins.begin(ADA, "plex", interaction=interaction(linker, 1))
    second = await linker.sign_ins.begin(ADA, "plex", interaction=interaction(linker, 2))
    claim(plex, first.code, plex.accounts.add("ada"))

    [(earlier, earlier_token, earlier_text), (reply, token, text)] = await replies(said, linker, 2)

    assert (first.id, first.was_open, second.was_open) == (second.id, False, True)
    assert (earlier.interaction_id, earlier_token) == (interaction(linker, 1).id, "canary-of-interaction-1")
    assert "Another message carries on" in earlier_text
    assert (reply.interaction_id, reply.user_id) == (interaction(linker, 2).id, ADA.id)
    assert (token, "**ada** is yours" in text) == ("canary-of-interaction-2", True)
    assert await linker.vault.get(reply_token(first.id)) is None
    assert "canary-of-interaction" not in repr(said.messages)


@pytest.mark.parametrize("how", ["refused", "expired", "cancelled"])
async def test_every_end_is_said(
    plex: PlexTv, place: Place, house: House, linker: Linker, said: Said, how: str
) -> None:
    ada = plex.accounts.add("ada")
    adas = await linker.sign_ins.begin(ADA, "plex")
    claim(plex, adas.code, ada)
    await linker.sign_ins.check(adas.id)
    begun = await linker.sign_ins.begin(BERT, "plex", interaction=interaction(linker))
    if how == "refused":
        claim(plex, begun.code, ada)
    elif how == "expired":
        await place.rows("update sign_ins set expires_at = now(), poll_at = now() where state = 'pending'")
    else:
        await linker.sign_ins.unlink(BERT, "plex")

    [(_, _, text)] = await replies(said, linker, 1)

    expected = {"refused": "proven by somebody else", "expired": "expired", "cancelled": "called off"}
    assert expected[how] in text
    assert (await linker.sign_ins.check(begun.id)).state == how


async def test_an_interaction_that_comes_again_after_the_end_begins_nothing(
    plex: PlexTv, house: House, linker: Linker
) -> None:
    first = await linker.sign_ins.begin(ADA, "plex", interaction=interaction(linker, 1))
    await linker.sign_ins.begin(ADA, "plex", interaction=interaction(linker, 2))
    await linker.sign_ins.unlink(ADA, "plex")
    made = len(plex.pins.open())

    again = [await linker.sign_ins.begin(ADA, "plex", interaction=interaction(linker, number)) for number in (1, 2)]

    assert [(each.id, each.state) for each in again] == [(first.id, "cancelled")] * 2
    assert len(plex.pins.open()) == made
    other = await linker.sign_ins.begin(ADA, "plex", interaction=interaction(linker, 3))
    assert (other.id != first.id, other.state) == (True, "pending")


async def test_an_expired_one_is_over_at_the_next_begin(place: Place, house: House, linker: Linker, said: Said) -> None:
    first = await linker.sign_ins.begin(ADA, "plex", interaction=interaction(linker))
    await place.rows("update sign_ins set expires_at = now(), poll_at = now() + interval '1 hour'")

    second = await linker.sign_ins.begin(ADA, "plex")

    assert second.id != first.id
    assert len(await replies(said, linker, 1)) == 1


async def test_all_systems_go_the_same_way(place: Place, house: House, said: Said) -> None:
    codes = Codes()
    providers = Providers(flows={"jellyfin": codes}, revokers={"jellyfin": codes.revoke})
    async with place.linker(providers=providers) as linker:
        me = await admin(house)
        pin = await me.begin("jellyfin")
        secret = await linker.vault.get(sign_in_secret(pin["pin_id"], provider="jellyfin"))
        pending = await me.check(pin, "jellyfin")
        codes.outcome = authorized()

        async def is_over() -> bool:
            return bool((await me.check(pin, "jellyfin"))["status"] == "authorized")

        await until(is_over)
        [linked] = await me.linked()
        removed = await me.unlink("jellyfin")
        await until(lambda: len(codes.revoked) == 1)

        assert (pin["code"], pin["short_code"], pending["status"]) == ("123456", None, "pending")
        assert secret is not None
        assert codes.waited[0].secret == secret
        assert await linker.vault.get(sign_in_secret(pin["pin_id"], provider="jellyfin")) is None
        assert (linked["provider"], linked["account"]) == (
            "jellyfin",
            {"id": "7a1", "username": "ada", "server": "cellar-1"},
        )
        assert len(removed.json()["items"]) == 1
        assert (codes.revoked[0].account_id, codes.revoked[0].token.reveal()) == ("7a1", "canary-of-jellyfin")
        assert await linker.vault.owners(kind="account") == []
        assert "canary" not in repr(said.messages)


async def test_a_token_that_ends_is_due_for_renewal_at_half_its_life(place: Place, house: House) -> None:
    codes = Codes()
    async with place.linker(providers=Providers(flows={"jellyfin": codes})) as linker:
        await linker.sign_ins.connect(ADA, authorized())

        owner = account_token("jellyfin", server="cellar-1", account_id="7a1", purpose="refresh_token")
        assert await linker.vault.get(owner) == Secret("canary-that-renews")
    [row] = await place.rows("select renew_at - linked_at as half, expires_at - linked_at as whole from connections")
    assert abs(row["whole"] - 2 * row["half"]) < timedelta(seconds=1)


async def test_a_denied_code_links_nothing(place: Place, house: House) -> None:
    codes = Codes()
    async with place.linker(providers=Providers(flows={"jellyfin": codes})):
        me = await admin(house)
        pin = await me.begin("jellyfin")
        codes.outcome = Ended("denied")

        ended = await me.check(pin, "jellyfin")

        assert (ended["status"], await me.linked()) == ("denied", [])


async def test_what_asking_again_cannot_mend_ends_it_with_the_reason(place: Place, house: House) -> None:
    codes = Codes()
    async with place.linker(providers=Providers(flows={"jellyfin": codes})):
        me = await admin(house)
        pin = await me.begin("jellyfin")
        codes.outcome = ConflictError("another server than Cellar answers at its address")

        ended = await me.settled(pin, "jellyfin")

        assert (ended["status"], ended["reason"]) == ("refused", "another server than Cellar answers at its address")


async def test_what_may_go_right_yet_is_said_at_the_end(place: Place, house: House) -> None:
    codes = Codes()
    async with place.linker(providers=Providers(flows={"jellyfin": codes})):
        me = await admin(house)
        pin = await me.begin("jellyfin")
        codes.outcome = RefusedError("Cellar does not allow this", answered=403)
        during = await me.check(pin, "jellyfin")
        await place.rows("update sign_ins set expires_at = now(), poll_at = now()")

        ended = await me.settled(pin, "jellyfin")

        assert during["status"] == "pending"
        assert (ended["status"], ended["reason"]) == ("refused", "Cellar does not allow this")


async def test_a_token_that_is_not_kept_is_ended_over_there(place: Place, house: House, said: Said) -> None:
    codes = Codes()
    async with place.linker(
        providers=Providers(flows={"jellyfin": codes}, revokers={"jellyfin": codes.revoke})
    ) as linker:
        mine = authorized()
        await linker.sign_ins.connect(ADA, mine)
        await linker.sign_ins.connect(Asker("usher", "admin", "admin"), authorized("7a2"))
        pin = await (await admin(house)).begin("jellyfin")
        codes.outcome = msgspec.structs.replace(mine, token=Secret("canary-of-a-second-token"))

        ended = await (await admin(house)).settled(pin, "jellyfin")
        await until(lambda: len(codes.revoked) == 1)
        with pytest.raises(ConflictError):
            await linker.sign_ins.connect(BERT, msgspec.structs.replace(mine, token=Secret("canary-of-a-third-token")))
        await until(lambda: len(codes.revoked) == 2)

        owner = account_token("jellyfin", server="cellar-1", account_id="7a1")
        assert ended["status"] == "refused"
        assert [each.token.reveal() for each in codes.revoked] == [
            "canary-of-a-second-token",
            "canary-of-a-third-token",
        ]
        assert await linker.vault.get(owner) == mine.token
        assert "canary" not in repr(said.messages)


async def test_a_token_ends_over_there_when_another_takes_its_place(place: Place, house: House, said: Said) -> None:
    codes = Codes()
    async with place.linker(providers=Providers(revokers={"jellyfin": codes.revoke})) as linker:
        first = authorized()
        second = msgspec.structs.replace(first, token=Secret("canary-of-a-second-token"))
        third = msgspec.structs.replace(first, token=Secret("canary-of-a-third-token"))
        for each in (first, first, second, second, third):
            await linker.sign_ins.connect(ADA, each)
        await until(lambda: len(codes.revoked) == 2)

        kept = await linker.vault.get(account_token("jellyfin", server="cellar-1", account_id="7a1"))

    assert {each.token.reveal() for each in codes.revoked} == {first.token.reveal(), second.token.reveal()}
    assert kept == third.token
    assert "canary" not in repr(said.messages)


async def test_of_trakt_no_token_ends_while_another_is_in_use(place: Place, house: House, said: Said) -> None:
    codes = Codes()
    async with place.linker(providers=Providers(revokers={"trakt": codes.revoke})) as linker:
        first = authorized(provider="trakt")
        await linker.sign_ins.connect(ADA, first)
        await linker.sign_ins.connect(ADA, msgspec.structs.replace(first, token=Secret("canary-of-a-second-token")))
        await until(lambda: len(said.facts(AccountLinked)) == 2)

        assert said.on("jobs.linker.revoke") == []


async def test_a_bug_ends_one_sign_in_and_no_other(place: Place, house: House) -> None:
    codes, bug = Codes(), Codes()
    bug.outcome = ZeroDivisionError("canary")
    async with place.linker(providers=Providers(flows={"jellyfin": codes, "emby": bug})):
        me = await admin(house)
        broken, pin = await me.begin("emby"), await me.begin("jellyfin")
        await place.rows("update sign_ins set poll_at = now()")
        await until(lambda: bool(bug.waited))
        codes.outcome = authorized()

        well = await me.settled(pin, "jellyfin")
        ended = await me.settled(broken, "emby")

        assert (well["status"], ended["status"]) == ("authorized", "refused")
        assert "went wrong in Usher itself" in ended["reason"]


async def test_a_token_that_a_bug_kept_from_its_place_is_ended_over_there(place: Place, house: House) -> None:
    codes = Codes()
    never: Any = "not a date, as if a flow had a bug"
    codes.outcome = msgspec.structs.replace(authorized(), expires_at=never)
    async with place.linker(providers=Providers(flows={"jellyfin": codes}, revokers={"jellyfin": codes.revoke})):
        me = await admin(house)
        pin = await me.begin("jellyfin")

        ended = await me.settled(pin, "jellyfin")
        await until(lambda: [each.token for each in codes.revoked] == [authorized().token])

        assert (ended["status"], await me.linked()) == ("refused", [])
        assert "went wrong in Usher itself" in ended["reason"]


@pytest.mark.parametrize(
    "odd",
    [
        msgspec.structs.replace(authorized(), token=Secret("x" * 20_000)),
        authorized("nul\x00"),
        authorized("x" * 300),
    ],
)
async def test_an_account_that_cannot_be_kept_is_refused_and_not_half_linked(
    place: Place, house: House, odd: Authorization
) -> None:
    codes = Codes()
    async with place.linker(providers=Providers(flows={"jellyfin": codes})) as linker:
        me = await admin(house)
        pin = await me.begin("jellyfin")
        codes.outcome = odd

        ended = await me.check(pin, "jellyfin")

        assert ended["status"] == "refused"
        assert ended["reason"]
        assert await people(house) == []
        assert await linker.vault.owners(kind="account") == []


class Doors:
    """Accepts one password, and records its calls."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, Asker]] = []

    @asynccontextmanager
    async def __call__(
        self, provider: Provider, *, server: str, username: str, password: Secret, asker: Asker
    ) -> AsyncIterator[Authorization]:
        self.asked.append((provider, server, username, asker))
        if password.reveal() != "canary-of-a-password":
            raise InvalidError("the user name or the password is wrong")
        yield authorized(provider=provider)


async def test_a_name_and_a_password_link_an_account(
    place: Place, house: House, said: Said, capfd: pytest.CaptureFixture[str]
) -> None:
    doors = Doors()
    async with place.linker(providers=Providers(with_password=doors)) as linker:
        me = await admin(house)
        body: dict[str, Any] = {"server": "Cellar", "username": "ada", "password": "canary-of-a-password"}

        linked = await me.post("jellyfin/connect", body)
        wrong = await me.post("emby/connect", {**body, "password": "wrong"})

        assert (linked.status_code, linked.json()["account"]["username"]) == (200, "ada")
        assert (wrong.status_code, wrong.json()["detail"]) == (400, "the user name or the password is wrong")
        assert doors.asked[0] == ("jellyfin", "Cellar", "ada", Asker("usher", "admin", "admin"))
        output = capfd.readouterr()
        assert "canary" not in repr(said.messages) + output.out + output.err
        await linker.sign_ins.connect(BERT, authorized("7a2"))
        with pytest.raises(ConflictError):
            await linker.sign_ins.connect(BERT, authorized())
