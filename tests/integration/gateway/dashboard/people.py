"""A linker and a syncer with a few people, who keep what they are asked to change."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec

from shared.bus.connection import Bus
from shared.errors import ConflictError, NotFoundError, PermanentError
from shared.schemas.history import (
    AccountRef,
    Count,
    CountPlays,
    ListPlays,
    PersonRef,
    Play,
    PlayIds,
    PlayPage,
    PlayStats,
)
from shared.schemas.people import (
    ClaimAccount,
    FindPerson,
    ForgetPerson,
    ForgottenPerson,
    GiveBackAccount,
    Identity,
    ListMerges,
    ListNamesakes,
    ListPeople,
    ListUnclaimed,
    MergedPeople,
    MergedPerson,
    MergePeople,
    Person,
    PersonPage,
    UnclaimedAccount,
    UnclaimedPage,
    UnmergePeople,
)
from shared.schemas.question import Answer, Question
from shared.schemas.servers import ListServers, Server, ServerPage
from shared.schemas.signins import ConnectedAccount, Integration, IntegrationPage, LinkedPerson, ListConnections
from tests.integration.service import answering

AT = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)
MACHINE = "c6f5aa00bb11cc22dd33"
ADA = Person(
    id="ada",
    name="Ada",
    identities=[
        Identity(provider="plex", id="1", username="ada", email="ada@example.com", proven=True, linked_at=AT),
        Identity(
            provider="jellyfin", id="2", username="countess", email=None, proven=False, linked_at=AT, server=MACHINE
        ),
    ],
    seerr_user_id=12,
)
BEA = Person(id="bea", name="Bea", identities=[], seerr_user_id=None, seerr_reason="two users have the name Bea")
ADAS_OTHER = UnclaimedAccount(
    source="jellyfin", server=MACHINE, account_id="7a1", account_name="ada", plays=12, last_seen_at=AT
)
STRANGERS = UnclaimedAccount(
    source="plex", server="unknown-machine-id", account_id="99", account_name="kid", plays=3, last_seen_at=AT
)
SERVER = Server(
    name="Living room",
    type="jellyfin",
    url="http://jellyfin",
    enabled=True,
    token="…x9Qz",
    password_suffix=None,
    request_limit=None,
    machine_identifier=MACHINE,
    include_owner=False,
    libraries=[],
    reachable=True,
    version=None,
    user_count=None,
    problem=None,
    checked_at=AT,
)
DEAD = Integration(
    provider="plex",
    account=ConnectedAccount(id="1", username="ada"),
    person=LinkedPerson(id="ada", name="Ada"),
    state="dead",
    reason="plex.tv no longer accepts the token",
    linked_at=AT,
    checked_at=AT,
)


def play(title: str = "The Matrix", **others: Any) -> Play:
    given: dict[str, Any] = {
        "id": "1",
        "person": PersonRef("ada", "Ada"),
        "account": AccountRef("jellyfin", MACHINE, "2", "countess"),
        "type": "movie",
        "title": title,
        "show": None,
        "season": None,
        "episode": None,
        "year": None,
        "ids": PlayIds(),
        "show_ids": PlayIds(),
        "watched_at": AT,
        "source": "jellyfin",
        "server": MACHINE,
    }
    return Play(**{**given, **others})


class Elsewhere:
    """What the linker and the syncer know, and what they were asked."""

    def __init__(self) -> None:
        self.people = {"ada": ADA, "bea": BEA}
        self.unclaimed = [ADAS_OTHER, STRANGERS]
        self.accounts = [DEAD]
        self.plays = [play()]
        self.merges: list[MergedPerson] = []
        self.refusal: PermanentError | None = None
        self.asked: list[Question[Any]] = []

    def asked_for(self, kind: type[Question[Any]]) -> list[Question[Any]]:
        return [question for question in self.asked if isinstance(question, kind)]

    async def list_people(self, question: ListPeople) -> PersonPage:
        self.asked.append(question)
        wanted = (question.search or "").casefold()
        everybody = dict.fromkeys(person.id for person in self.people.values())
        found = [self.people[each] for each in everybody if wanted in self.people[each].name.casefold()]
        page = found[question.offset : question.offset + question.limit]
        return PersonPage(page, len(found), question.limit, question.offset)

    async def find_person(self, question: FindPerson) -> Person:
        if question.person_id not in self.people:
            raise NotFoundError(f"there is no person {question.person_id!r}")
        return self.people[question.person_id]

    async def list_unclaimed(self, question: ListUnclaimed) -> UnclaimedPage:
        self.asked.append(question)
        found = [each for each in self.unclaimed if question.account_id in {None, each.account_id}]
        found = [each for each in found if (question.search or "") in each.account_name]
        return UnclaimedPage(found, len(found), question.limit, question.offset)

    async def list_namesakes(self, question: ListNamesakes) -> PersonPage:
        return PersonPage(list(self.people.values()), len(self.people), question.limit, question.offset)

    async def claim(self, question: ClaimAccount) -> Person:
        self.asked.append(question)
        if question.name == "Bea":
            raise ConflictError("this account belongs to another person: merge the two if they are one")
        person_id = question.person_id or "new"
        if person_id == "new":
            return Person(id="new", name=question.name or "", identities=[], seerr_user_id=None)
        return await self.find_person(FindPerson(person_id=person_id))

    async def merge(self, question: MergePeople) -> Person:
        self.asked.append(question)
        self.people[question.merged_id] = self.people[question.person_id]
        return self.people[question.person_id]

    async def list_merges(self, question: ListMerges) -> MergedPeople:
        self.asked.append(question)
        return MergedPeople(self.merges)

    async def unmerge(self, question: UnmergePeople) -> Person:
        self._take(question)
        return self.people[question.merged_id]

    async def give_back(self, question: GiveBackAccount) -> Person:
        self._take(question)
        return self.people[question.person_id]

    async def forget(self, question: ForgetPerson) -> ForgottenPerson:
        self._take(question)
        person = self.people[question.person_id]
        return ForgottenPerson(person_id=person.id, remaining_seerr_user_id=person.seerr_user_id)

    def _take(self, question: Question[Any]) -> None:
        self.asked.append(question)
        if self.refusal is not None:
            raise self.refusal

    async def list_servers(self, question: ListServers) -> ServerPage:
        return ServerPage([SERVER], 1, question.limit, question.offset)

    async def list_accounts(self, question: ListConnections) -> IntegrationPage:
        self.asked.append(question)
        return IntegrationPage(self.accounts, len(self.accounts), question.limit, question.offset)

    async def list_plays(self, question: ListPlays) -> PlayPage:
        self.asked.append(question)
        return PlayPage(self.plays, len(self.plays), question.limit, question.offset)

    async def count_plays(self, question: CountPlays) -> PlayStats:
        self.asked.append(question)
        return PlayStats(
            total=len(self.plays) + 40,
            movies=30,
            episodes=11,
            unclaimed=0,
            watched_s=7200,
            first_at=AT,
            last_at=AT,
            by_person=[Count("Ada", 41)],
            by_source=[],
            by_day=[],
            top_shows=[],
            top_movies=[],
        )

    def linker(self) -> list[Answer]:
        return [
            Answer(ListPeople, self.list_people),
            Answer(FindPerson, self.find_person),
            Answer(ListUnclaimed, self.list_unclaimed),
            Answer(ListNamesakes, self.list_namesakes),
            Answer(ClaimAccount, self.claim),
            Answer(MergePeople, self.merge),
            Answer(ListMerges, self.list_merges),
            Answer(UnmergePeople, self.unmerge),
            Answer(GiveBackAccount, self.give_back),
            Answer(ForgetPerson, self.forget),
            Answer(ListServers, self.list_servers),
            Answer(ListConnections, self.list_accounts),
        ]

    def syncer(self) -> list[Answer]:
        return [Answer(ListPlays, self.list_plays), Answer(CountPlays, self.count_plays)]


@asynccontextmanager
async def elsewhere(bus: Bus, **known: Any) -> AsyncIterator[Elsewhere]:
    """Have the two services answer; what is given replaces what they know."""
    made = Elsewhere()
    for name, value in known.items():
        setattr(made, name, value)
    async with answering(bus, "linker", *made.linker()), answering(bus, "syncer", *made.syncer()):
        yield made


def renamed(person: Person, name: str) -> Person:
    return msgspec.structs.replace(person, name=name)
