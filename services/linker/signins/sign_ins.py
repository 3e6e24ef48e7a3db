"""Sign-ins from beginning to end, for Discord, REST and the command line alike."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.linker.people import ownership
from services.linker.people.domain import Key, key_of
from services.linker.people.store import accounts
from services.linker.servers.store import find_server
from services.linker.signins import domain
from services.linker.signins.admission import Admission
from services.linker.signins.domain import POLL_TIMEOUT, Asker, Authorization, Flow, SignIn, SignInCode, SignInRow
from services.linker.signins.end_sign_in import SignInEnder
from services.linker.signins.intervals import INTERVALS, Intervals
from services.linker.signins.link_account import IDENTITIES, AccountLinker
from services.linker.signins.poller import Poller
from services.linker.signins.store import connections, sign_ins
from services.linker.signins.store.connections import LinkedAccount
from services.linker.signins.unlink_account import AccountUnlinker
from shared.bus.work import Worker
from shared.errors import (
    ConflictError,
    Fault,
    InvalidError,
    NotFoundError,
    PermanentError,
    ThrottledError,
    TransientError,
)
from shared.leniency import text
from shared.owners import sign_in_secret
from shared.postgres.pool import Connection, Pool, transaction
from shared.schemas.interactions import Interaction
from shared.schemas.media import Account, Provider
from shared.sealing import Sealer
from shared.vault import Vault

RETURN_PAGE: Final = "/link/done"


class UnknownSignInError(NotFoundError):
    """There is no such sign-in."""

    def __init__(self) -> None:
        super().__init__("there is no such sign-in, or it ended long ago: begin a new one")


class SignIns:
    """What people can do with their accounts. `public_url` is where their browsers return to."""

    def __init__(
        self,
        *,
        worker: Worker,
        pool: Pool,
        vault: Vault,
        sealer: Sealer,
        flows: Mapping[Provider, Flow],
        admission: Admission,
        public_url: str,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        lease: timedelta = domain.LEASE,
        intervals: Intervals = INTERVALS,
    ) -> None:
        self._worker = worker
        self._pool = pool
        self._vault = vault
        self._sealer = sealer
        self._flows = flows
        self._public_url = public_url
        self._now = now
        self._new_id = new_id
        self._intervals = intervals
        self._unlinker = AccountUnlinker(vault, sealer, now=now)
        self._ender = SignInEnder(vault, sealer, self._unlinker, now=now)
        self._linker = AccountLinker(vault, self._unlinker, now=now, new_id=new_id)
        self.poller: Final = Poller(
            worker=worker,
            pool=pool,
            vault=vault,
            flows=flows,
            linker=self._linker,
            ender=self._ender,
            unlinker=self._unlinker,
            admission=admission,
            now=now,
            lease=lease,
            intervals=intervals,
        )

    async def begin(
        self,
        asker: Asker,
        provider: Provider,
        *,
        server: str | None = None,
        person_id: str | None = None,
        interaction: Interaction | None = None,
    ) -> SignIn:
        """Return the asker's open sign-in, or begin one. How it ends is said in reply to the last `interaction`.

        An API key speaks for another visitor each time, so it always begins one; raises `ThrottledError` where it has
        too many open. An interaction that is delivered again gets the same sign-in, even if that has ended. `server` is
        a configured server's name. With `person_id`, the account is linked to that person. Raises
        `InvalidError`, `NotFoundError`, and what the provider's client raises.
        """
        if provider not in self._flows:
            raise InvalidError(f"there is no sign-in by code for {provider}: sign in with user name and password")
        if server and provider in domain.WITHOUT_SERVER:
            fault = Fault("server", f"an account of {provider.title()} is the same on all servers: leave it out")
            raise InvalidError(f"{provider.title()} is signed in to without a server", faults=(fault,))
        sign_in_id = self._new_id()
        if asker.kind == "visitor" and provider != "plex":
            raise InvalidError("only an account of Plex lets somebody in")
        who = (await self._resolve_asker(asker, person_id)).of_one_sign_in(sign_in_id)
        found = await self._find_ended(interaction) or await self._find_open(who, provider, server or "", interaction)
        if found is not None:
            return self._show(found, asked_as=sign_in_id)
        code = await self._ask_for_code(sign_in_id, who, provider, server or "")
        row = domain.new_row(
            code, sign_in_id=sign_in_id, provider=provider, server=server or "", asker=who, at=self._now()
        )
        return self._show(await self._store(row, code, interaction), asked_as=sign_in_id)

    async def check(self, sign_in_id: str, *, provider: Provider | None = None) -> SignIn:
        """Poll the other system now, if the limits allow, and return the sign-in."""
        if (await self._find(sign_in_id, provider)).state == "pending":
            await self.poller.check(sign_in_id)
        return await self._find(sign_in_id, provider)

    async def cancel(self, sign_in_id: str, *, provider: Provider | None = None) -> SignIn:
        """Cancel a sign-in; one that has ended stays as it is."""
        await self._find(sign_in_id, provider)
        async with self._worker.on_request() as work:
            await self._ender.end(work, sign_in_id, state="cancelled")
        return await self._find(sign_in_id, provider)

    async def require_begun_for(self, sign_in_id: str, person_id: str | None) -> None:
        """Raise `UnknownSignInError` where a person is named and the sign-in was not begun for them."""
        if person_id is None:
            return
        async with transaction(self._pool) as connection:
            row = await sign_ins.find(connection, sign_in_id)
            if row is None or row.asker.kind != "person":
                raise UnknownSignInError
            begun_for = await ownership.load_person(connection, row.asker.id)
            if begun_for != await ownership.load_person(connection, person_id):
                raise UnknownSignInError

    async def require_begun_by(self, sign_in_id: str, visitor: str | None) -> None:
        """Raise `UnknownSignInError` where a visitor is named and the sign-in is not theirs."""
        if visitor is None:
            return
        async with transaction(self._pool) as connection:
            row = await sign_ins.find(connection, sign_in_id)
        if row is None or (row.asker.kind, row.asker.id) != ("visitor", visitor):
            raise UnknownSignInError

    async def holder_of(self, sign_in: SignIn) -> str | None:
        """Return whose the account of a sign-in is, as it is known now."""
        async with transaction(self._pool) as connection:
            server = None if not sign_in.server else await find_server(connection, sign_in.server)
            machine = "" if server is None else server.machine_id or ""
            key = key_of(Account(sign_in.provider, machine, sign_in.account_id or "", sign_in.username or ""))
            holder = (await accounts.holders_of(connection, [key])).get(key)
        return None if holder is None else holder.person_id

    async def connect(self, asker: Asker, authorized: Authorization, *, person_id: str | None = None) -> LinkedAccount:
        """Link an account that somebody has just signed in to; raises `ConflictError` for somebody else's."""
        cause = self._new_id()
        try:
            who = await self._resolve_asker(asker, person_id)
            async with self._worker.on_request() as work:
                return await self._linker.link(work, who, authorized, cause=cause)
        except PermanentError:
            async with self._worker.on_request() as work:
                await self._unlinker.revoke_unused(work, authorized, cause=cause)
            raise

    async def accounts_of(self, asker: Asker, *, provider: Provider | None = None) -> list[LinkedAccount]:
        """Return the accounts that Usher holds a credential for, of the person who asks."""
        async with transaction(self._pool) as connection:
            person = await _person_asking(connection, asker)
            return [] if person is None else await connections.matching(connection, person_id=person, provider=provider)

    async def find_person(self, asker: Asker, *, person_id: str | None = None) -> str | None:
        """Return which person asks, or is meant; None where Usher does not know them yet."""
        who = await self._resolve_asker(asker, person_id)
        async with transaction(self._pool) as connection:
            return await _person_asking(connection, who)

    async def unlink(
        self,
        asker: Asker,
        provider: Provider,
        *,
        server: str | None = None,
        account_id: str | None = None,
        person_id: str | None = None,
    ) -> list[LinkedAccount]:
        """Remove the asker's credentials of a provider, cancel their open sign-ins, and return what was linked.

        The identity stays proven: the account is still theirs, and without the proof anybody could claim it with all
        its plays.
        """
        who = await self._resolve_asker(asker, person_id)
        async with self._worker.on_request() as work:
            for row in await sign_ins.lock_all_open(work.connection, who, provider):
                await self._ender.end(work, row.id, state="cancelled")
            person = await _person_asking(work.connection, who)
            if person is None and (who.kind != "key" or account_id is None):
                return []
            machine = None if server is None else await _machine_id_of(work.connection, server)
            found = await connections.lock_matching(
                work.connection, person_id=person, provider=provider, server=machine, account_id=account_id
            )
            return [each for each in found if await self._unlinker.unlink(work, each)]

    async def _resolve_asker(self, asker: Asker, person_id: str | None) -> Asker:
        if person_id is None:
            return Asker(asker.kind, asker.id, text(asker.name) or asker.id)
        async with transaction(self._pool) as connection:
            person = await ownership.load_person(connection, person_id)
        return Asker("person", person.id, person.name)

    def _show(self, row: SignInRow, *, asked_as: str) -> SignIn:
        return msgspec.structs.replace(row.as_sign_in(now=self._now()), was_open=row.id != asked_as)

    async def _find(self, sign_in_id: str, provider: Provider | None) -> SignIn:
        async with transaction(self._pool) as connection:
            row = await sign_ins.find(connection, sign_in_id)
        if row is None or provider not in {None, row.provider}:
            raise UnknownSignInError
        return row.as_sign_in(now=self._now())

    async def _find_ended(self, interaction: Interaction | None) -> SignInRow | None:
        if interaction is None:
            return None
        async with transaction(self._pool) as connection:
            row = await sign_ins.find_by_interaction(connection, interaction.id)
        return None if row is None or row.state == "pending" else row

    async def _find_open(
        self, asker: Asker, provider: Provider, server: str, interaction: Interaction | None
    ) -> SignInRow | None:
        async with self._worker.on_request() as work:
            await self._require_room(work.connection, asker)
            row = await sign_ins.lock_open(work.connection, asker, provider, server)
            if row is None or row.expires_at <= self._now():
                return None
            await sign_ins.note_wanted(work.connection, row.id, now=self._now())
            if interaction is not None:
                await self._ender.reply_to(work, row, interaction)
            return row

    async def _require_room(self, connection: Connection, asker: Asker) -> None:
        """Raise where a key, or visitors, have too many open sign-ins; others wait until the transaction ends."""
        now = self._now()
        if asker.kind == "visitor":
            ends = await sign_ins.ends_of_visitors(connection, now=now)
            if len(ends) >= domain.MAX_OPEN_OF_VISITORS:
                raise ThrottledError(
                    "too many people are signing in at once: try again later", retry_after=ends[0] - now
                )
        if asker.kind != "key":
            return
        ends = await sign_ins.ends_of_key(connection, asker.key_id, now=now)
        if len(ends) >= domain.MAX_OPEN_PER_KEY:
            raise ThrottledError(
                f"{len(ends)} sign-ins of this key are open: finish one, wait until one ends, or cancel one with "
                "DELETE /api/integrations/{provider}/auth/pin/{pin_id}",
                retry_after=ends[0] - now,
            )

    async def _ask_for_code(self, sign_in_id: str, asker: Asker, provider: Provider, server: str) -> SignInCode:
        forward_url = f"{self._public_url}{RETURN_PAGE}?id={sign_in_id}"
        try:
            async with asyncio.timeout(self._intervals.begin_within.total_seconds()):
                await self._finish_previous(asker, provider, server)
                return await self._flows[provider].begin(
                    server=server, sign_in_id=sign_in_id, asker=asker, forward_url=forward_url
                )
        except TimeoutError as exc:
            raise TransientError("the other system does not answer in time: try again") from exc

    async def _finish_previous(self, asker: Asker, provider: Provider, server: str) -> None:
        """Poll the previous sign-in a last time if it has expired: people sign in at the last moment too."""
        async with transaction(self._pool) as connection:
            row = await sign_ins.lock_open(connection, asker, provider, server)
        if row is None or row.expires_at > self._now():
            return
        await self.poller.check(row.id, every=timedelta(), limit=POLL_TIMEOUT)
        if (await self._find(row.id, provider)).state == "pending":
            raise TransientError("the sign-in before this one is just ending: try again")

    async def _store(self, row: SignInRow, code: SignInCode, interaction: Interaction | None) -> SignInRow:
        """Store a new sign-in; where two begin at once, both get the one that was first."""
        async with self._worker.on_request() as work:
            await self._require_room(work.connection, row.asker)
            kept: SignInRow | None = row
            if not await sign_ins.add(work.connection, row):
                kept = await sign_ins.lock_open(work.connection, row.asker, row.provider, row.server)
            elif code.secret is not None:
                owner = sign_in_secret(row.id, provider=row.provider)
                await self._vault.put(owner, code.secret, on=work.connection)
            if kept is None:
                raise ConflictError("another sign-in ended at this moment: begin again")
            if interaction is not None:
                await self._ender.reply_to(work, kept, interaction)
            return kept


async def _person_asking(connection: Connection, asker: Asker) -> str | None:
    if asker.kind == "person":
        return asker.id
    if asker.kind not in IDENTITIES:
        return None
    key = Key(asker.kind, "", asker.id)
    holder = (await accounts.holders_of(connection, [key])).get(key)
    return None if holder is None else holder.person_id


async def _machine_id_of(connection: Connection, name: str) -> str:
    server = await find_server(connection, name)
    if server is None or not server.machine_id:
        raise NotFoundError(f"there is no server {name!r} that Usher has reached: GET /api/mediaservers lists them")
    return server.machine_id
