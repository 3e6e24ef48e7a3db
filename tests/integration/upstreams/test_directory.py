"""Looking up servers and accounts: the linker is asked once, and again after it reports a change."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from shared.bus.connection import Bus
from shared.clients.errors import CredentialRefusedError
from shared.errors import ConflictError, NotFoundError, UnavailableError
from shared.postgres.pool import Pool
from shared.schemas.directory import LookUpAccounts, LookUpServer
from shared.schemas.events import (
    AccountLinked,
    AccountUnlinked,
    CredentialDied,
    Event,
    PersonMerged,
    ServerChanged,
    subject,
)
from shared.schemas.media import Provider
from shared.schemas.secret import Secret
from shared.upstreams.answer_cache import ASKED_AGAIN, KEPT_FOR, REFUSALS_KEPT_FOR, USED_FOR
from shared.upstreams.directory import Account, Server
from tests.integration.service import until
from tests.integration.upstreams.house import CANARY, NOON, House, open_house

ATTIC = LookUpServer(type="plex", name="Attic")
ANNA = LookUpAccounts(person_id="anna", type="plex")


@pytest.fixture
async def house(pool: Pool, bus: Bus, nats_url: Secret, database_url: Secret) -> AsyncIterator[House]:
    async with open_house(pool, bus, nats_url=nats_url, database_url=database_url) as house:
        yield house


@pytest.mark.parametrize("name", ["Attic", "m1"])
async def test_a_server_is_found_by_name_and_by_machine_id_with_its_token(house: House, name: str) -> None:
    found = await house.directory.servers.get(LookUpServer(type="plex", name=name))

    assert (found.address.name, found.address.url, found.machine_id) == ("Attic", "http://attic.test", "m1")
    assert found.credential == Secret(CANARY)


async def test_seerr_and_trakt_are_found_without_a_name(house: House) -> None:
    await house.configure("Requests", "seerr", token="key")
    await house.configure("Trakt", "trakt", machine_id="client-1", token="secret")

    seerr, trakt = [await house.directory.servers.get(LookUpServer(type=kind)) for kind in ("seerr", "trakt")]

    assert (seerr.address.url, seerr.credential) == ("http://requests.test", Secret("key"))
    assert (trakt.machine_id, trakt.credential) == ("client-1", Secret("secret"))


@pytest.mark.parametrize(
    ("kind", "error"), [("plex", NotFoundError), ("seerr", NotFoundError), ("trakt", ConflictError)]
)
async def test_what_is_not_configured_is_reported_and_asked_for_again_in_seconds(
    house: House, kind: Provider, error: type[Exception]
) -> None:
    question = LookUpServer(type=kind, name="Barn" if kind == "plex" else "")
    for _ in range(3):
        with pytest.raises(error):
            await house.directory.servers.get(question)
    asked = len(house.linker.asked)
    await house.configure("Barn", kind, machine_id="m2")
    house.later(REFUSALS_KEPT_FOR)

    found = await house.directory.servers.get(question)

    assert (asked, found.address.name) == (1, "Barn")


async def test_a_persons_accounts_are_those_of_the_server_that_is_asked_about(house: House) -> None:
    await house.link("anna", "jellyfin", machine_id="j1", token="hers on j1")
    await house.link("anna", "plex", token="hers at plex.tv")
    await house.link("ben", "plex", state="dead")

    on_j1, on_j2, at_plex, bens = [
        (await house.directory.accounts.get(question)).accounts
        for question in (
            LookUpAccounts(person_id="anna", type="jellyfin", machine_id="j1"),
            LookUpAccounts(person_id="anna", type="jellyfin", machine_id="j2"),
            ANNA,
            LookUpAccounts(person_id="ben", type="plex"),
        )
    ]

    assert ([account.token for account in on_j1], on_j2) == ([Secret("hers on j1")], ())
    assert [account.token for account in at_plex] == [Secret("hers at plex.tv")]
    assert [(account.is_dead, account.token) for account in bens] == [(True, None)]


async def test_a_person_whom_nobody_knows_is_not_found(house: House) -> None:
    with pytest.raises(NotFoundError, match="no person 'anna'"):
        await house.directory.accounts.get(ANNA)


async def test_an_answer_is_remembered_for_minutes(house: House) -> None:
    for _ in range(3):
        await house.token()
    asked = len(house.linker.asked)
    house.later(KEPT_FOR)

    await house.token()

    assert (asked, len(house.linker.asked)) == (1, 2)


async def test_many_who_ask_at_once_ask_one_question(house: House) -> None:
    house.linker.may_answer.clear()
    async with asyncio.TaskGroup() as tasks:
        asking = [tasks.create_task(house.token()) for _ in range(20)]
        await until(lambda: bool(house.linker.asked))
        house.linker.may_answer.set()

    assert {task.result() for task in asking} == {CANARY}
    assert len(house.linker.asked) == 1


async def test_who_is_given_up_leaves_the_question_to_the_next(house: House) -> None:
    house.linker.may_answer.clear()
    async with asyncio.TaskGroup() as tasks:
        first, second = tasks.create_task(house.token()), tasks.create_task(house.token())
        await until(lambda: bool(house.linker.asked))
        first.cancel()
        house.linker.may_answer.set()

    assert second.result() == CANARY


async def test_a_server_that_changed_is_asked_for_again(house: House) -> None:
    await house.token()
    await house.configure("Attic", "plex", token="new")
    await house.tell(ServerChanged(id="e1", occurred_at=NOON, name="Attic"))

    async def is_new() -> bool:
        return await house.token() == "new"

    await until(is_new)


async def test_an_answer_that_changes_while_it_is_given_is_not_remembered(house: House) -> None:
    house.linker.may_answer.clear()
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(house.token())
        await until(lambda: bool(house.linker.asked))
        await house.configure("Attic", "plex", token="new")
        await house.tell(ServerChanged(id="e1", occurred_at=NOON, name="Attic"))
        await heard_by_all(house)
        house.linker.may_answer.set()

    assert (asking.result(), await house.token()) == (CANARY, "new")


async def heard_by_all(house: House) -> None:
    """Return once all earlier events were received: a cached answer is dropped when the next event comes."""
    await house.link("witness", "plex")
    witness = LookUpAccounts(person_id="witness", type="plex")
    before = await house.directory.accounts.get(witness)
    await house.tell(AccountUnlinked(id="e9", occurred_at=NOON, person_id="witness", provider="plex", account_id="w"))

    async def is_forgotten() -> bool:
        return await house.directory.accounts.get(witness) is not before

    await until(is_forgotten)


ABOUT: dict[str, Any] = {"occurred_at": NOON, "person_id": "anna", "provider": "plex", "account_id": "account of anna"}


@pytest.mark.parametrize(
    "fact",
    [
        AccountLinked(id="e1", person_name="anna", username="anna", **ABOUT),
        AccountUnlinked(id="e2", **ABOUT),
        CredentialDied(id="e3", **ABOUT),
        CredentialDied(id="e4", **{**ABOUT, "person_id": "somebody else by now"}),
        PersonMerged(id="e5", occurred_at=NOON, person_id="ben", person_name="ben", merged_id="anna"),
    ],
    ids=["linked", "unlinked", "died", "another's", "merged"],
)
async def test_accounts_are_asked_for_again_when_they_changed(house: House, fact: Event) -> None:
    await house.link("anna", "plex")
    await house.link("carla", "plex")
    carla = LookUpAccounts(person_id="carla", type="plex")
    before, others = await house.directory.accounts.get(ANNA), await house.directory.accounts.get(carla)
    await house.tell(fact)

    async def is_forgotten() -> bool:
        return await house.directory.accounts.get(ANNA) is not before

    await until(is_forgotten)
    assert await house.directory.accounts.get(carla) is others


async def test_news_that_cannot_be_read_forget_all_accounts(house: House, bus: Bus) -> None:
    await house.link("anna", "plex")
    before = await house.directory.accounts.get(ANNA)
    await bus.client.publish(subject(AccountUnlinked), b'{"type":"of a newer version"}')

    async def is_forgotten() -> bool:
        return await house.directory.accounts.get(ANNA) is not before

    await until(is_forgotten)


async def test_without_the_linker_what_is_known_is_used_and_the_rest_is_reported_as_away(house: House) -> None:
    await house.token()
    await house.goes_away()
    house.listener.lost()

    assert await house.token() == CANARY
    with pytest.raises(UnavailableError, match="the linker does not answer"):
        await house.token("Barn")
    house.later(KEPT_FOR)
    assert await house.token() == CANARY
    house.later(USED_FOR)
    with pytest.raises(UnavailableError, match="the linker does not answer"):
        await house.token()


async def test_the_linker_is_asked_again_once_it_is_back(house: House) -> None:
    await house.token()
    await house.goes_away()
    house.listener.lost()
    await house.token()
    await house.configure("Attic", "plex", token="new")
    await house.comes()
    house.later(ASKED_AGAIN)

    assert await house.token() == "new"


async def test_a_token_that_ends_is_remembered_no_longer_than_it_lives(house: House) -> None:
    await house.link("anna", "trakt", expires_at=NOON + timedelta(minutes=1))
    question = LookUpAccounts(person_id="anna", type="trakt")
    await house.directory.accounts.get(question)
    await house.goes_away()
    house.later(timedelta(seconds=59))
    await house.directory.accounts.get(question)
    house.later(timedelta(seconds=1))

    with pytest.raises(UnavailableError):
        await house.directory.accounts.get(question)


class Upstream:
    """Accepts one token."""

    def __init__(self, *, accepts: str) -> None:
        self.accepts = accepts
        self.seen: list[str] = []

    async def __call__(self, server: Server) -> str:
        assert server.credential is not None
        self.seen.append(server.credential.reveal())
        if self.seen[-1] != self.accepts:
            raise CredentialRefusedError("Attic does not accept the credential (401)", answered=401)
        return "read"


async def test_a_remembered_token_that_is_refused_is_asked_for_once_anew(house: House) -> None:
    upstream = Upstream(accepts="new")
    await house.token()
    await house.configure("Attic", "plex", token="new")  # and the news of it is late

    assert await house.directory.servers.use(ATTIC, upstream) == "read"
    assert upstream.seen == [CANARY, "new"]


async def test_a_wrong_token_in_a_loop_is_no_loop_of_questions(house: House) -> None:
    upstream = Upstream(accepts="another")
    for _ in range(10):
        with pytest.raises(CredentialRefusedError):
            await house.directory.servers.use(ATTIC, upstream)

    assert upstream.seen == [CANARY] * 10
    assert len(house.linker.asked) == 2


async def test_no_credential_is_seen_on_the_bus_or_in_a_log(
    house: House, bus: Bus, capfd: pytest.CaptureFixture[str]
) -> None:
    passed: list[bytes] = []

    async def hear(message: Any) -> None:
        passed.append(message.data)

    await bus.client.subscribe(">", cb=hear)
    await bus.client.flush()
    await house.link("anna", "plex")

    server = await house.directory.servers.get(ATTIC)
    [account] = (await house.directory.accounts.get(ANNA)).accounts
    await until(lambda: len(passed) >= 4)

    assert (server.credential, account.token) == (Secret(CANARY), Secret(CANARY))
    assert CANARY.encode() not in b"".join(passed)
    assert CANARY not in f"{server} {account} {''.join(capfd.readouterr())}"
    assert isinstance(account, Account)
