"""A linker with a person, servers and sign-ins, which keeps what it is asked to change."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec

from shared.bus.connection import Bus
from shared.errors import ConflictError, Fault, InvalidError, NotFoundError, UnavailableError
from shared.schemas.media import Provider
from shared.schemas.people import FindPerson, Person
from shared.schemas.question import Answer, Question
from shared.schemas.servers import ListServers, Server, ServerPage
from shared.schemas.signins import (
    BeginSignIn,
    CancelSignIn,
    CheckSignIn,
    ConnectAccount,
    ConnectedAccount,
    Integration,
    IntegrationPage,
    LinkedPerson,
    ListConnections,
    Pin,
    RemoveConnections,
    RemovedAccounts,
    SignInState,
)
from tests.integration.service import answering

AT = datetime(2026, 1, 31, 18, tzinfo=UTC)
ADA = Person(id="ada", name="Ada", identities=[], seerr_user_id=None)
BEA = Person(id="bea", name="Bea", identities=[], seerr_user_id=None)
PIN = Pin(pin_id="pin1", code="long", url="https://app.plex.tv/auth#?code=long", short_code="4KXW", expires_at=AT)


def server(name: str, *, kind: Any = "jellyfin", machine: str = "m1") -> Server:
    return Server(
        name=name,
        type=kind,
        url="http://server",
        enabled=True,
        token="…x9Qz",
        password_suffix=None,
        request_limit=None,
        machine_identifier=machine,
        include_owner=False,
        libraries=[],
        reachable=True,
        version=None,
        user_count=None,
        problem=None,
        checked_at=AT,
    )


def account(
    username: str = "ada",
    *,
    provider: Provider = "plex",
    machine: str = "",
    state: Any = "ok",
    reason: str | None = None,
) -> Integration:
    return Integration(
        provider=provider,
        account=ConnectedAccount(id=f"id-{username[:9]}", username=username, server=machine),
        person=LinkedPerson(id="ada", name="Ada"),
        state=state,
        reason=reason,
        linked_at=AT,
        checked_at=None,
    )


class Linker:
    """What it knows, and what it was asked."""

    def __init__(self) -> None:
        self.accounts = [account()]
        self.servers = [server("Attic")]
        self.state = SignInState(status="pending")
        self.refuses_code = False
        self.is_busy = False
        self.asked: list[Question[Any]] = []

    def asked_for(self, kind: type[Question[Any]]) -> list[Any]:
        return [question for question in self.asked if isinstance(question, kind)]

    async def find_person(self, question: FindPerson) -> Person:
        if question.person_id not in {"ada", "bea"}:
            raise NotFoundError("there is no such person")
        return ADA if question.person_id == "ada" else BEA

    async def list_servers(self, question: ListServers) -> ServerPage:
        return ServerPage(self.servers, len(self.servers), question.limit, 0)

    async def list_accounts(self, question: ListConnections) -> IntegrationPage:
        self.asked.append(question)
        found = [each for each in self.accounts if question.provider in {None, each.provider}]
        return IntegrationPage(found, len(found), question.limit, question.offset)

    async def begin(self, question: BeginSignIn) -> Pin:
        self.asked.append(question)
        if self.refuses_code:
            raise ConflictError("Quick Connect is off on Attic")
        return PIN if question.provider == "plex" else msgspec.structs.replace(PIN, code="7H3K9Q", short_code=None)

    async def check(self, question: CheckSignIn) -> SignInState:
        self.asked.append(question)
        if self.is_busy:
            raise UnavailableError("plex.tv does not answer")
        return self.state

    async def cancel(self, question: CancelSignIn) -> SignInState:
        self.asked.append(question)
        return SignInState(status="cancelled")

    async def connect(self, question: ConnectAccount) -> Integration:
        self.asked.append(question)
        if question.username == "wrong":
            raise InvalidError("Attic refuses this", faults=(Fault("password", "is wrong, or the name is"),))
        return account(question.username or "", provider=question.provider)

    async def remove(self, question: RemoveConnections) -> RemovedAccounts:
        self.asked.append(question)
        return RemovedAccounts([each.account for each in self.accounts if each.account.id == question.account_id])

    def answers(self) -> list[Answer]:
        return [
            FindPerson.answered_by(self.find_person),
            ListServers.answered_by(self.list_servers),
            ListConnections.answered_by(self.list_accounts),
            BeginSignIn.answered_by(self.begin),
            CheckSignIn.answered_by(self.check),
            CancelSignIn.answered_by(self.cancel),
            ConnectAccount.answered_by(self.connect),
            RemoveConnections.answered_by(self.remove),
        ]


@asynccontextmanager
async def linker(bus: Bus, **known: Any) -> AsyncIterator[Linker]:
    """Have a linker answer; what is given replaces what it knows."""
    made = Linker()
    for name, value in known.items():
        setattr(made, name, value)
    async with answering(bus, "linker", *made.answers()):
        yield made
