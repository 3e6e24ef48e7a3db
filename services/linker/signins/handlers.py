"""Answers the gateway's questions about sign-ins and linked accounts."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Final, Protocol

import msgspec
import structlog

from services.linker.servers.store import find_server
from services.linker.signins.domain import Asker, Authorization, SignIn
from services.linker.signins.flows.plex import PlexFlow
from services.linker.signins.sign_ins import SignIns
from services.linker.signins.store import connections
from services.linker.signins.store.connections import LinkedAccount
from shared.clients.errors import CredentialRefusedError
from shared.durations import in_words
from shared.errors import ConflictError, Fault, InvalidError, ThrottledError, UsherError
from shared.http.calls import RateLimitedError
from shared.owners import account_token
from shared.postgres.pool import Pool, transaction
from shared.schemas.media import Provider
from shared.schemas.secret import Secret
from shared.schemas.signins import (
    PASSWORD,
    TOKEN,
    AccountHolder,
    BeginSignIn,
    CancelSignIn,
    CheckSignIn,
    ConnectAccount,
    ConnectedAccount,
    Integration,
    IntegrationPage,
    ListConnections,
    Pin,
    ReachedServer,
    RemoveConnections,
    RemovedAccounts,
    SignedIn,
    SignInState,
)
from shared.sealing import Sealer
from shared.vault import Vault

_SERVERS_S: Final = 2.0

log = structlog.get_logger()


class SignInWithPassword(Protocol):
    """Signs in with user name and password; the account is to be linked inside the block."""

    def __call__(
        self, provider: Provider, *, server: str, username: str, password: Secret, asker: Asker
    ) -> AbstractAsyncContextManager[Authorization]: ...


class Handlers:
    """Calls `SignIns` for each question, and turns its values into those of REST."""

    def __init__(
        self,
        sign_ins: SignIns,
        *,
        pool: Pool,
        vault: Vault,
        sealer: Sealer,
        plex: PlexFlow,
        with_password: SignInWithPassword | None = None,
    ) -> None:
        self._sign_ins = sign_ins
        self._pool = pool
        self._vault = vault
        self._sealer = sealer
        self._plex = plex
        self._with_password = with_password

    async def begin(self, question: BeginSignIn) -> Pin:
        """Answer `POST /api/integrations/{provider}/auth/pin`."""
        with _waits_in_words():
            sign_in = await self._sign_ins.begin(
                _asker(question.who), question.provider, server=question.server, person_id=question.who.person_id
            )
        return Pin(
            pin_id=sign_in.id,
            code=sign_in.code,
            url=sign_in.url,
            short_code=sign_in.short_code,
            expires_at=sign_in.expires_at,
        )

    async def check(self, question: CheckSignIn) -> SignInState:
        """Answer `POST /api/integrations/{provider}/auth/check`."""
        await self._sign_ins.require_begun_for(question.pin_id, question.person_id)
        await self._sign_ins.require_begun_by(question.pin_id, question.visitor)
        sign_in = await self._sign_ins.check(question.pin_id, provider=question.provider)
        if sign_in.state != "authorized":
            return _standing(sign_in, [])
        person_id = await self._sign_ins.holder_of(sign_in)
        return msgspec.structs.replace(_standing(sign_in, await self._servers(sign_in)), person_id=person_id)

    async def cancel(self, question: CancelSignIn) -> SignInState:
        """Answer `DELETE /api/integrations/{provider}/auth/pin/{id}`."""
        await self._sign_ins.require_begun_for(question.pin_id, question.person_id)
        return _standing(await self._sign_ins.cancel(question.pin_id, provider=question.provider), [])

    async def connect(self, question: ConnectAccount) -> Integration:
        """Answer `POST /api/integrations/{provider}/connect`."""
        asker = _asker(question.who)
        with _waits_in_words():
            linked = await self._connect(question, asker)
        async with transaction(self._pool) as connection:
            page = await connections.page(
                connection,
                person_id=None,  # its person may have been merged by now
                provider=linked.provider,
                account=(linked.server, linked.account_id),
                limit=1,
                offset=0,
            )
        if not page.items:
            raise ConflictError(f"{linked.username} was unlinked at the same moment: link the account again")
        return page.items[0]

    async def list_connections(self, question: ListConnections) -> IntegrationPage:
        """Answer `GET /api/integrations` and `GET /api/integrations/{provider}/connect`."""
        person_id = None
        if question.who is not None:
            person_id = await self._sign_ins.find_person(_asker(question.who), person_id=question.who.person_id)
            if person_id is None:
                return IntegrationPage([], 0, question.limit, question.offset)
        async with transaction(self._pool) as connection:
            return await connections.page(
                connection,
                person_id=person_id,
                provider=question.provider,
                limit=question.limit,
                offset=question.offset,
            )

    async def remove(self, question: RemoveConnections) -> RemovedAccounts:
        """Answer `DELETE /api/integrations/{provider}/connect`."""
        removed = await self._sign_ins.unlink(
            _asker(question.who),
            question.provider,
            server=question.server,
            account_id=question.account_id,
            person_id=question.who.person_id,
        )
        return RemovedAccounts(
            [ConnectedAccount(id=each.account_id, username=each.username, server=each.server) for each in removed]
        )

    async def _connect(self, question: ConnectAccount, asker: Asker) -> LinkedAccount:
        async with self._authorize(question, asker) as authorized:
            if question.who.discord_id is not None:
                asker = Asker("discord", question.who.discord_id, authorized.proven.username)
            return await self._sign_ins.connect(asker, authorized, person_id=question.who.person_id)

    @asynccontextmanager
    async def _authorize(self, question: ConnectAccount, asker: Asker) -> AsyncIterator[Authorization]:
        if question.provider == "plex" and question.token is not None:
            yield await self._authorize_by_token(self._sealer.unseal(question.token, purpose=TOKEN))
            return
        if self._with_password is None or question.username is None or question.password is None:
            raise InvalidError("a Plex account is linked by its token, others by user name and password")
        async with self._with_password(
            question.provider,
            server=question.server or "",
            username=question.username,
            password=self._sealer.unseal(question.password, purpose=PASSWORD),
            asker=asker,
        ) as authorized:
            yield authorized

    async def _authorize_by_token(self, token: Secret) -> Authorization:
        try:
            return await self._plex.authorize(token)
        except CredentialRefusedError as exc:
            raise InvalidError(exc.detail, faults=(Fault("token", "is no token of a Plex account"),)) from exc

    async def _servers(self, sign_in: SignIn) -> list[ReachedServer]:
        """Return the servers that the account reaches, if that can be found out quickly."""
        if sign_in.provider != "plex":
            async with transaction(self._pool) as connection:
                row = await find_server(connection, sign_in.server)
            return [] if row is None else [ReachedServer(name=row.name, machine_identifier=row.machine_id or "")]
        try:
            async with asyncio.timeout(_SERVERS_S):
                return await self._reached_servers(sign_in)
        except (UsherError, TimeoutError) as exc:
            log.info("servers_not_told", sign_in=sign_in.id, reason=str(exc))
            return []

    async def _reached_servers(self, sign_in: SignIn) -> list[ReachedServer]:
        token = await self._vault.get(account_token("plex", server="", account_id=sign_in.account_id or "-"))
        found = [] if token is None else await self._plex.servers(token)
        return [ReachedServer(name=each.name, machine_identifier=each.machine_id, owned=each.owned) for each in found]


@contextmanager
def _waits_in_words() -> Iterator[None]:
    """Add to the message how long another system asks us to wait: a terminal shows no headers."""
    try:
        yield
    except RateLimitedError as exc:
        again = "try again later" if exc.retry_after is None else f"try again in {in_words(exc.retry_after)}"
        raise ThrottledError(f"{exc.detail}: {again}", retry_after=exc.retry_after) from exc


def _asker(who: AccountHolder) -> Asker:
    if who.user is not None:
        return Asker("usher", who.user, who.user)
    if who.key is not None:
        return Asker("key", who.key, who.key)
    if who.visitor is not None:
        return Asker("visitor", who.visitor, "")
    raise InvalidError("nobody asks")


def _standing(sign_in: SignIn, servers: list[ReachedServer]) -> SignInState:
    account = None
    if sign_in.account_id is not None:
        account = SignedIn(id=sign_in.account_id, username=sign_in.username or "", email=sign_in.email)
    return SignInState(status=sign_in.state, account=account, servers=servers, reason=sign_in.reason)
