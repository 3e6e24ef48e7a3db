"""`/api/integrations`: which accounts are linked, and how people link them, the same for every system."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body

from services.gateway import problems
from services.gateway.access.caller import Caller
from services.gateway.api import describe
from services.gateway.api.acting import applicant, holder, is_everybody, owner, who
from services.gateway.api.guards import needs
from services.gateway.api.handlers import free
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
from services.gateway.page import Id, Limit, Offset
from services.gateway.store import audit
from shared.bus.connection import Bus
from shared.bus.questions import ask
from shared.errors import Fault, InvalidError
from shared.postgres.pool import Pool, transaction
from shared.schemas.secret import Secret
from shared.schemas.signins import (
    PASSWORD,
    PATIENT,
    TOKEN,
    BeginSignIn,
    CancelSignIn,
    CheckSignIn,
    ConnectAccount,
    Integration,
    IntegrationPage,
    LinkedPerson,
    LinkedTo,
    ListConnections,
    Pin,
    ReachedServer,
    RemoveConnections,
    Removed,
    SignedIn,
    Standing,
    Who,
)
from shared.sealing import Sealer

_AT: Final = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)
_PIN: Final = Pin(
    pin_id="5m2kx8wq", code="tq7x…", url="https://app.plex.tv/auth#?code=tq7x…", short_code="4KXW", expires_at=_AT
)
_STANDING: Final = Standing(
    status="authorized",
    account=SignedIn(id="26608833", username="ada", email="ada@example.com"),
    servers=[ReachedServer(name="Attic", machine_identifier="c6f5…")],
)
_ONE: Final = Integration(
    provider="plex",
    account=LinkedTo(id="26608833", username="ada"),
    person=LinkedPerson(id="8p1vqk2c", name="Ada"),
    state="ok",
    reason=None,
    linked_at=_AT,
    checked_at=_AT,
)
_UPSTREAM: Final = problems.documented(404, 409, 502)
_WITH_BODY: Final = describe.WITH_BODY | _UPSTREAM
_BEGUN: Final = describe.shows(_PIN) | _WITH_BODY | problems.documented(429)
_STANDS: Final = describe.shows(_STANDING) | _WITH_BODY
_CONNECTED: Final = describe.shows(_ONE) | _WITH_BODY | problems.documented(429)
_PAGE: Final = describe.shows(IntegrationPage([_ONE], 1, 50, 0)) | problems.documented(404)
_REMOVED: Final = describe.shows(Removed([_ONE.account])) | problems.documented(404)
_ORDER: Final = Body(examples=[Example(value={}), Example(value={"person_id": "8p1vqk2c"})])
_CHECK: Final = Body(examples=[Example(value={"pin_id": "5m2kx8wq"})])
_CREDENTIALS: Final = Body(
    examples=[
        Example(value={"token": "xyz…"}),
        Example(value={"token": "xyz…", "discord_id": "80351110224678912"}),
        Example(value={"server": "Cellar", "username": "ada", "password": "…"}),
    ]
)


class IntegrationRoutes:
    """Hands questions on, with secrets sealed, and notes in the audit what was changed."""

    def __init__(self, bus: Bus, pool: Pool, sealer: Sealer, *, now: Callable[[], datetime]) -> None:
        self._bus = bus
        self._pool = pool
        self._sealer = sealer
        self._now = now

    async def page(
        self,
        caller: NamedDependency[Caller],
        person: Person = None,
        all: All = "false",  # noqa: A002 (the parameter's name)
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> IntegrationPage:
        """List linked accounts: the caller's, a person's or everybody's. `dead` ones must be linked again."""
        whose = None if is_everybody(caller, all) else owner(caller, person)
        return await ask(self._bus, ListConnections(who=whose, limit=limit, offset=offset))

    async def begin(
        self, caller: NamedDependency[Caller], provider: Provider, data: Annotated[Order | None, _ORDER] = None
    ) -> Pin:
        """Begin to sign in, or show the sign-in that is open of whom this is for.

        Open `url` and sign in there, or type `short_code` at plex.tv/link; then ask `auth/check`. A key without
        `person_id` speaks for whoever signs in: each call begins a sign-in of its own, to be told by its `pin_id`. A
        key has at most 50 of them open; the next is 429 until one ends or is called off.
        """
        order = data or Order()
        return await self._begin(who(caller, order.person_id), provider, order.server)

    async def begin_by_get(
        self, caller: NamedDependency[Caller], provider: Provider, server: Server = None, person: Person = None
    ) -> Pin:
        """Do the same as `POST`, for old callers."""
        return await self._begin(who(caller, person), provider, server)

    async def check(self, provider: Provider, data: Annotated[Check, _CHECK]) -> Standing:
        """Ask at once how a sign-in stands. `refused`: the account cannot be the caller's, and `reason` says why."""
        return await ask(self._bus, CheckSignIn(pin_id=data.pin_id, provider=provider))

    async def cancel(self, provider: Provider, pin_id: Id) -> Standing:
        """Call a sign-in off. Again is the same as once, and one that has ended stays as it is."""
        return await ask(self._bus, CancelSignIn(pin_id=pin_id, provider=provider))

    async def connect(
        self, caller: NamedDependency[Caller], provider: Provider, data: Annotated[Credentials, _CREDENTIALS]
    ) -> Integration:
        """Link an account by its token or by user name and password. Passwords are used once and not kept."""
        _require(provider, data)
        question = ConnectAccount(
            provider=provider,
            who=applicant(caller, person_id=data.person_id, discord_id=data.discord_id),
            token=None if data.token is None else self._sealer.seal(Secret(data.token), purpose=TOKEN),
            server=data.server,
            username=data.username,
            password=None if data.password is None else self._sealer.seal(Secret(data.password), purpose=PASSWORD),
        )
        linked = await ask(self._bus, question)
        await self._note(caller, "account.linked", f"{provider} {linked.account.id} for {linked.person.id}")
        return linked

    async def connected(
        self,
        caller: NamedDependency[Caller],
        provider: Provider,
        person: Person = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> IntegrationPage:
        """List linked accounts of one system: the caller's, or a person's."""
        question = ListConnections(who=owner(caller, person), provider=provider, limit=limit, offset=offset)
        return await ask(self._bus, question)

    async def disconnect(
        self,
        caller: NamedDependency[Caller],
        provider: Provider,
        person: Person = None,
        server: Server = None,
        account: Account = None,
    ) -> Removed:
        """Forget the credentials, of all accounts there or of one, and call the person's open sign-ins off.

        Whose the accounts are does not change. Again is the same as once.
        """
        question = RemoveConnections(
            provider=provider, who=holder(caller, person, account), server=server, account_id=account
        )
        removed = await ask(self._bus, question)
        for each in removed.items:
            await self._note(caller, "account.unlinked", f"{provider} {each.id}")
        return removed

    async def _begin(self, who: Who, provider: Provider, server: str | None) -> Pin:
        return await ask(self._bus, BeginSignIn(provider=provider, who=who, server=server))

    async def _note(self, caller: Caller, action: str, object: str) -> None:  # noqa: A002 (what the audit calls it)
        async with transaction(self._pool) as connection:
            await audit.note(connection, caller.did(action, object, at=self._now()))


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


def router(routes: IntegrationRoutes) -> Router:
    """Return the routes."""
    read, write = needs("read"), needs("write", within=PATIENT + timedelta(seconds=2))
    done: dict[str, Any] = {"status_code": 200, "opt": write}
    handlers = [
        get("/", summary="List linked accounts", opt=read, responses=_PAGE)(free(routes.page)),
        post("/{provider:str}/auth/pin", summary="Begin to sign in", responses=_BEGUN, **done)(free(routes.begin)),
        get("/{provider:str}/auth/pin", summary="Begin to sign in", opt=write, responses=_BEGUN)(
            free(routes.begin_by_get)
        ),
        delete("/{provider:str}/auth/pin/{pin_id:str}", summary="Call a sign-in off", responses=_STANDS, **done)(
            free(routes.cancel)
        ),
        post("/{provider:str}/auth/check", summary="How does it stand?", responses=_STANDS, **done)(free(routes.check)),
        post("/{provider:str}/connect", summary="Link an account", responses=_CONNECTED, **done)(free(routes.connect)),
        get("/{provider:str}/connect", summary="List linked accounts of a system", opt=read, responses=_PAGE)(
            free(routes.connected)
        ),
        delete("/{provider:str}/connect", summary="Unlink", responses=_REMOVED, **done)(free(routes.disconnect)),
    ]
    return Router("/integrations", route_handlers=handlers, tags=["integrations"])
