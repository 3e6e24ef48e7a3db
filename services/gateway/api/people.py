"""`/api/people`: who is who, which the linker answers for."""

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body, QueryParameter
from msgspec import Meta

from services.gateway.access.audit import Audit
from services.gateway.access.caller import Caller
from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.ask import Ask
from services.gateway.page import NO_CONTROLS, NOT_BLANK, Id, Limit, Offset, PersonId, Search
from shared.schemas.media import Provider
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

Text = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
AccountId = Annotated[
    str | None, QueryParameter(max_length=200, pattern=NO_CONTROLS, description="only accounts with this id")
]


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose account it is: a person's or, without `person_id`, a new one's, called `name` or else as the account is."""

    source: Provider
    server: Text
    account_id: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
    person_id: PersonId | None = None
    name: Annotated[str, Meta(min_length=1, max_length=200, pattern=NOT_BLANK)] | None = None


class ReturnedAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which account is not this person's."""

    source: Provider
    server: Text
    account_id: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Merge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who else this person is."""

    merged_id: PersonId


_AT: Final = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)
_PERSON: Final = Person(
    id="8p1vqk2c",
    name="Ada",
    identities=[
        Identity(provider="plex", id="1", username="ada", email=None, proven=False, linked_at=_AT, server="c6f5…")
    ],
    seerr_user_id=None,
)
_UNCLAIMED: Final = UnclaimedAccount(
    source="jellyfin", server="c6f5…", account_id="7a1…", account_name="ada", plays=12, last_seen_at=_AT
)
_PAGE: Final = describe.shows(PersonPage([_PERSON], 1, 50, 0))
_ONE: Final = describe.shows(_PERSON) | describe.WITH_ID
_NOBODYS: Final = describe.shows(UnclaimedPage([_UNCLAIMED], 1, 50, 0))
_CHANGED: Final = _ONE | describe.WITH_BODY | describe.CONFLICT
_FORGOTTEN: Final = describe.shows(ForgottenPerson(person_id="8p1vqk2c", remaining_seerr_user_id=7)) | describe.WITH_ID
_MERGES: Final = (
    describe.shows(MergedPeople([MergedPerson(id="2m4kzt7d", name="ada2", merged_at=_AT)])) | describe.WITH_ID
)
_CLAIM: Final = Body(
    examples=[Example(value={"source": "jellyfin", "server": "c6f5…", "account_id": "7a1…", "person_id": "8p1vqk2c"})]
)
_RETURNED: Final = Body(examples=[Example(value={"source": "jellyfin", "server": "c6f5…", "account_id": "7a1…"})])
_MERGE: Final = Body(examples=[Example(value={"merged_id": "2m4kzt7d"})])


class PeopleController(Controller):
    """Hands questions on, and notes in the audit what was changed."""

    path, tags = "/people", ("people",)

    @get("/", summary="List people", opt=needs("read"), responses=_PAGE)
    async def list_people(
        self, ask: NamedDependency[Ask], search: Search = None, limit: Limit = 50, offset: Offset = 0
    ) -> PersonPage:
        """List people by name. `search` looks in names and usernames."""
        return await ask(ListPeople(search=search, limit=limit, offset=offset))

    @get("/{person_id:str}", summary="Show a person", opt=needs("read", own=True), responses=_ONE)
    async def show_person(self, ask: NamedDependency[Ask], caller: NamedDependency[Caller], person_id: Id) -> Person:
        """Show a person; the id of one who was merged finds the one who is left."""
        return await ask(FindPerson(person_id=caller.see_only(person_id) or person_id))

    @get("/unclaimed", summary="List accounts of nobody", opt=needs("read"), responses=_NOBODYS)
    async def list_unclaimed(
        self,
        ask: NamedDependency[Ask],
        search: Search = None,
        account_id: AccountId = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> UnclaimedPage:
        """List the accounts that were seen and belong to nobody, last seen first. `search` looks in names."""
        return await ask(ListUnclaimed(search=search, account_id=account_id, limit=limit, offset=offset))

    @get(
        "/unclaimed/namesakes", summary="List people named like accounts of nobody", opt=needs("read"), responses=_PAGE
    )
    async def list_namesakes(
        self,
        ask: NamedDependency[Ask],
        search: Search = None,
        account_id: AccountId = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> PersonPage:
        """List the people who have the name of an account on this page of accounts of nobody: it may be theirs.

        A person's name, usernames and e-mail addresses are compared, without upper and lower case, spaces, dots,
        underscores and hyphens. The page holds all of them, 200 at most.
        """
        return await ask(ListNamesakes(search=search, account_id=account_id, limit=limit, offset=offset))

    @post(
        "/unclaimed/claim",
        summary="Claim an account",
        status_code=200,
        opt=needs("write", audits="account.claimed"),
        responses=_CHANGED,
    )
    async def claim_account(
        self,
        ask: NamedDependency[Ask],
        caller: NamedDependency[Caller],
        audit: NamedDependency[Audit],
        data: Annotated[Claim, _CLAIM],
    ) -> Person:
        """Give an account to a person, with the plays that were seen on it. Again is the same as once.

        `person_id` needs the scope admin where it is not the caller's own. Without it, the account is the caller's own
        if their credential belongs to a person; with admin and a `name`, it is a new person's all the same.
        """
        is_new = data.person_id is None and data.name is not None and caller.may("admin")
        question = ClaimAccount(
            source=data.source,
            server=data.server,
            account_id=data.account_id,
            person_id=None if is_new else caller.act_for(data.person_id),
            name=data.name,
        )
        person = await ask(question)
        await audit(f"{data.source} {data.account_id} for {person.id}")
        return person

    @post(
        "/{person_id:str}/merge",
        summary="Merge two people",
        status_code=200,
        opt=needs("admin", audits="person.merged"),
        responses=_CHANGED,
    )
    async def merge_people(
        self, ask: NamedDependency[Ask], audit: NamedDependency[Audit], person_id: Id, data: Annotated[Merge, _MERGE]
    ) -> Person:
        """Make another person part of this one. Again is the same as once."""
        person = await ask(MergePeople(person_id=person_id, merged_id=data.merged_id))
        await audit(f"{data.merged_id} into {person.id}")
        return person

    @get("/{person_id:str}/merges", summary="List who is part of a person", opt=needs("admin"), responses=_MERGES)
    async def list_merges(self, ask: NamedDependency[Ask], person_id: Id) -> MergedPeople:
        """List who was merged into a person, the last merged first. Where `merged_at` is null it cannot be undone."""
        return await ask(ListMerges(person_id=person_id))

    @post(
        "/{person_id:str}/unmerge",
        summary="Undo a merge",
        status_code=200,
        opt=needs("admin", audits="person.unmerged"),
        responses=_CHANGED,
    )
    async def unmerge_people(
        self, ask: NamedDependency[Ask], audit: NamedDependency[Audit], person_id: Id, data: Annotated[Merge, _MERGE]
    ) -> Person:
        """Bring back a person who was merged into this one, with what they had then and is still here.

        The answer is the person who is back. Again is the same as once.
        """
        person = await ask(UnmergePeople(person_id=person_id, merged_id=data.merged_id))
        await audit(f"{person.id} out of {person_id}")
        return person

    @post(
        "/{person_id:str}/give-back",
        summary="Give an account back",
        status_code=200,
        opt=needs("admin", audits="account.returned"),
        responses=_CHANGED,
    )
    async def give_back_account(
        self,
        ask: NamedDependency[Ask],
        audit: NamedDependency[Audit],
        person_id: Id,
        data: Annotated[ReturnedAccount, _RETURNED],
    ) -> Person:
        """Make an account of this person nobody's again, with its plays. Again is the same as once.

        409 while the account is linked: unlink it first, which also revokes its token.
        """
        question = GiveBackAccount(
            person_id=person_id, source=data.source, server=data.server, account_id=data.account_id
        )
        person = await ask(question)
        await audit(f"{data.source} {data.account_id} of {person.id}")
        return person

    @delete(
        "/{person_id:str}",
        summary="Forget a person",
        status_code=200,
        opt=needs("admin", audits="person.forgotten"),
        responses=_FORGOTTEN,
    )
    async def forget_person(
        self, ask: NamedDependency[Ask], audit: NamedDependency[Audit], person_id: Id
    ) -> ForgottenPerson:
        """Delete everything about a person: accounts with credentials, plays, settings, keys, sessions.

        What comes in later from their accounts is unclaimed. Their user in Seerr stays. This cannot be undone, and
        again is the same as once.
        """
        forgotten = await ask(ForgetPerson(person_id=person_id))
        await audit(forgotten.person_id)
        return forgotten
