"""`/api/integrations`: which accounts are linked, and how people link them, the same for every system."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body

from services.gateway import problems
from services.gateway.access.audit import Audit
from services.gateway.access.caller import Caller
from services.gateway.api import describe
from services.gateway.api.acting import applicant, holder, is_everybody, owner, sign_in_of, who
from services.gateway.api.guards import needs
from services.gateway.api.integration_orders import (
    Account,
    All,
    Check,
    Credentials,
    Order,
    Person,
    Provider,
    Server,
)
from services.gateway.ask import Ask
from services.gateway.page import Id, Limit, Offset
from shared.errors import Fault, InvalidError
from shared.schemas.secret import Secret
from shared.schemas.signins import (
    PASSWORD,
    PATIENT,
    TOKEN,
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
    ReachedServer,
    RemoveConnections,
    RemovedAccounts,
    SignedIn,
    SignInState,
)
from shared.sealing import Sealer

_AT: Final = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)
_PIN: Final = Pin(
    pin_id="5m2kx8wq", code="tq7x…", url="https://app.plex.tv/auth#?code=tq7x…", short_code="4KXW", expires_at=_AT
)
_STANDING: Final = SignInState(
    status="authorized",
    account=SignedIn(id="26608833", username="ada", email="ada@example.com"),
    servers=[ReachedServer(name="Attic", machine_identifier="c6f5…")],
)
_ONE: Final = Integration(
    provider="plex",
    account=ConnectedAccount(id="26608833", username="ada"),
    person=LinkedPerson(id="8p1vqk2c", name="Ada"),
    state="ok",
    reason=None,
    linked_at=_AT,
    checked_at=_AT,
)
_UPSTREAM: Final = problems.documented(404, 409, 502)
_WITH_BODY: Final = describe.WITH_BODY | _UPSTREAM
_STARTED: Final = describe.shows(_PIN) | _WITH_BODY | problems.documented(429)
_STANDS: Final = describe.shows(_STANDING) | _WITH_BODY
_CONNECTED: Final = describe.shows(_ONE) | _WITH_BODY | problems.documented(429)
_READ: Final = needs("read", own=True)
_WITHIN: Final = PATIENT + timedelta(seconds=2)
_WRITE: Final = needs("write", own=True, within=_WITHIN)
_PAGE: Final = describe.shows(IntegrationPage([_ONE], 1, 50, 0)) | problems.documented(404)
_REMOVED: Final = describe.shows(RemovedAccounts([_ONE.account])) | problems.documented(404)
_SIGN_IN: Final = Body(examples=[Example(value={}), Example(value={"person_id": "8p1vqk2c"})])
_CHECK: Final = Body(examples=[Example(value={"pin_id": "5m2kx8wq"})])
_CREDENTIALS: Final = Body(
    examples=[
        Example(value={"token": "xyz…"}),
        Example(value={"token": "xyz…", "discord_id": "80351110224678912"}),
        Example(value={"server": "Cellar", "username": "ada", "password": "…"}),
    ]
)


class IntegrationController(Controller):
    """Hands questions on, with secrets sealed, and notes in the audit what was changed."""

    path, tags = "/integrations", ("integrations",)

    @get("/", summary="List linked accounts", opt=_READ, responses=_PAGE)
    async def list_accounts(
        self,
        ask: NamedDependency[Ask],
        caller: NamedDependency[Caller],
        person: Person = None,
        all: All = "false",  # noqa: A002 (the parameter's name)
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> IntegrationPage:
        """List linked accounts: the caller's, a person's or everybody's. `dead` ones must be linked again."""
        whose = None if is_everybody(caller, all) else owner(caller, person)
        return await ask(ListConnections(who=whose, limit=limit, offset=offset))

    @post("/{provider:str}/auth/pin", status_code=200, summary="Begin to sign in", opt=_WRITE, responses=_STARTED)
    async def begin_sign_in(
        self,
        ask: NamedDependency[Ask],
        caller: NamedDependency[Caller],
        provider: Provider,
        data: Annotated[Order | None, _SIGN_IN] = None,
    ) -> Pin:
        """Begin to sign in, or show the sign-in that is open of whom this is for.

        Open `url` and sign in there, or type `short_code` at plex.tv/link; then ask `auth/check`. A key without
        `person_id` speaks for whoever signs in: each call begins a sign-in of its own, to be told by its `pin_id`. A
        key has at most 50 of them open; the next is 429 until one ends or is called off.
        """
        wanted = data or Order()
        return await ask(BeginSignIn(provider=provider, who=who(caller, wanted.person_id), server=wanted.server))

    @get("/{provider:str}/auth/pin", summary="Begin to sign in", opt=_WRITE, responses=_STARTED)
    async def begin_sign_in_by_get(
        self,
        ask: NamedDependency[Ask],
        caller: NamedDependency[Caller],
        provider: Provider,
        server: Server = None,
        person: Person = None,
    ) -> Pin:
        """Do the same as `POST`, for old callers."""
        return await ask(BeginSignIn(provider=provider, who=who(caller, person), server=server))

    @delete(
        "/{provider:str}/auth/pin/{pin_id:str}",
        status_code=200,
        summary="Call a sign-in off",
        opt=_WRITE,
        responses=_STANDS,
    )
    async def cancel_sign_in(
        self, ask: NamedDependency[Ask], caller: NamedDependency[Caller], provider: Provider, pin_id: Id
    ) -> SignInState:
        """Call a sign-in off. Again is the same as once, and one that has ended stays as it is."""
        return await ask(CancelSignIn(pin_id=pin_id, provider=provider, person_id=sign_in_of(caller)))

    @post("/{provider:str}/auth/check", status_code=200, summary="How does it stand?", opt=_WRITE, responses=_STANDS)
    async def check_sign_in(
        self,
        ask: NamedDependency[Ask],
        caller: NamedDependency[Caller],
        provider: Provider,
        data: Annotated[Check, _CHECK],
    ) -> SignInState:
        """Ask at once how a sign-in stands. `refused`: the account cannot be the caller's, and `reason` says why."""
        return await ask(CheckSignIn(pin_id=data.pin_id, provider=provider, person_id=sign_in_of(caller)))

    @post(
        "/{provider:str}/connect",
        status_code=200,
        summary="Link an account",
        opt=needs("write", own=True, audits="account.linked", within=_WITHIN),
        responses=_CONNECTED,
    )
    async def link_account(
        self,
        ask: NamedDependency[Ask],
        caller: NamedDependency[Caller],
        sealer: NamedDependency[Sealer],
        audit: NamedDependency[Audit],
        provider: Provider,
        data: Annotated[Credentials, _CREDENTIALS],
    ) -> Integration:
        """Link an account by its token or by user name and password. Passwords are used once and not kept."""
        _require(provider, data)
        question = ConnectAccount(
            provider=provider,
            who=applicant(caller, person_id=data.person_id, discord_id=data.discord_id),
            token=None if data.token is None else sealer.seal(Secret(data.token), purpose=TOKEN),
            server=data.server,
            username=data.username,
            password=None if data.password is None else sealer.seal(Secret(data.password), purpose=PASSWORD),
        )
        linked = await ask(question)
        await audit(f"{provider} {linked.account.id} for {linked.person.id}")
        return linked

    @get("/{provider:str}/connect", summary="List linked accounts of a system", opt=_READ, responses=_PAGE)
    async def list_accounts_of_system(
        self,
        ask: NamedDependency[Ask],
        caller: NamedDependency[Caller],
        provider: Provider,
        person: Person = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> IntegrationPage:
        """List linked accounts of one system: the caller's, or a person's."""
        return await ask(ListConnections(who=owner(caller, person), provider=provider, limit=limit, offset=offset))

    @delete(
        "/{provider:str}/connect",
        status_code=200,
        summary="Unlink",
        opt=needs("write", own=True, audits="account.unlinked", within=_WITHIN),
        responses=_REMOVED,
    )
    async def unlink_accounts(
        self,
        ask: NamedDependency[Ask],
        caller: NamedDependency[Caller],
        audit: NamedDependency[Audit],
        provider: Provider,
        person: Person = None,
        server: Server = None,
        account: Account = None,
    ) -> RemovedAccounts:
        """Forget the credentials, of all accounts there or of one, and call the person's open sign-ins off.

        Whose the accounts are does not change. Again is the same as once.
        """
        whose = holder(caller, person, account)
        removed = await ask(RemoveConnections(provider=provider, who=whose, server=server, account_id=account))
        for each in removed.items:
            await audit(f"{provider} {each.id}")
        return removed


_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "plex": ("token",),
    "jellyfin": ("username", "password"),
    "emby": ("username", "password"),
}


def _require(provider: str, data: Credentials) -> None:
    if provider not in _NEEDED:
        raise InvalidError(f"{provider} is linked by a code: POST /api/integrations/{provider}/auth/pin")
    faults = tuple(Fault(name, "is missing") for name in _NEEDED[provider] if getattr(data, name) is None)
    if faults:
        raise InvalidError(f"this is not what {provider} needs", faults=faults)
