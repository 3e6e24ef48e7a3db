"""Sign-ins from their beginning to their end, whoever asks for them: Discord, REST, the terminal."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.linker.people import ownership
from services.linker.people.domain import Key
from services.linker.people.store import accounts
from services.linker.servers.store import find_server
from services.linker.signins import domain
from services.linker.signins.domain import POLL_LIMIT, Asker, Authorized, Begun, Flow, SignIn, SignInRow
from services.linker.signins.ending import Endings
from services.linker.signins.intervals import INTERVALS, Intervals
from services.linker.signins.linking import IDENTITIES, Linking
from services.linker.signins.poller import Poller
from services.linker.signins.store import connections, sign_ins
from services.linker.signins.store.connections import LinkedAccount
from services.linker.signins.unlinking import Unlinking
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
from shared.schemas.media import Provider
from shared.sealing import Sealer
from shared.vault import Vault

RETURN_PAGE: Final = "/link/done"


class UnknownSignInError(NotFoundError):
    """There is no such sign-in."""

    def __init__(self) -> None:
        super().__init__("there is no such sign-in, or it ended long ago: begin a new one")


class SignIns:
    """What people can do about their accounts. `public_url` is where their browsers come back to."""

    def __init__(
        self,
        *,
        worker: Worker,
        pool: Pool,
        vault: Vault,
        sealer: Sealer,
        flows: Mapping[Provider, Flow],
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
        self._unlinking = Unlinking(vault, sealer, now=now)
        self._endings = Endings(vault, sealer, self._unlinking, now=now)
        self._linking = Linking(vault, self._unlinking, now=now, new_id=new_id)
        self.poller: Final = Poller(
            worker=worker,
            pool=pool,
            vault=vault,
            flows=flows,
            linking=self._linking,
            endings=self._endings,
            unlinking=self._unlinking,
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

        A key speaks for another one each time, so it always begins one; raises `ThrottledError` where it has too many.
        An interaction that comes again begins no other one: the one that it was about is returned, even if it is over.
        `server` is a configured server's name. With `person_id`, the account is to be that person's. Raises
        `InvalidError`, `NotFoundError`, and what the provider's client raises.
        """
        if provider not in self._flows:
            raise InvalidError(f"there is no sign-in by code for {provider}: sign in with user name and password")
        if server and provider in domain.SERVERLESS:
            fault = Fault("server", f"an account of {provider.title()} is one on all servers: leave it out")
            raise InvalidError(f"{provider.title()} is signed in to without a server", faults=(fault,))
        sign_in_id = self._new_id()
        who = (await self._asker(asker, person_id)).of_one_sign_in(sign_in_id)
        found = await self._over(interaction) or await self._open(who, provider, server or "", interaction)
        if found is not None:
            return self._shown(found, asked_as=sign_in_id)
        begun = await self._begun(sign_in_id, who, provider, server or "")
        row = domain.begun_row(
            begun, sign_in_id=sign_in_id, provider=provider, server=server or "", asker=who, at=self._now()
        )
        return self._shown(await self._keep(row, begun, interaction), asked_as=sign_in_id)

    async def check(self, sign_in_id: str, *, provider: Provider | None = None) -> SignIn:
        """Ask the other system now, if it may be asked, and return how the sign-in stands."""
        if (await self._find(sign_in_id, provider)).state == "pending":
            await self.poller.check(sign_in_id)
        return await self._find(sign_in_id, provider)

    async def cancel(self, sign_in_id: str, *, provider: Provider | None = None) -> SignIn:
        """Call a sign-in off; one that has ended stays as it is."""
        await self._find(sign_in_id, provider)
        async with self._worker.on_request() as work:
            await self._endings.end(work, sign_in_id, state="cancelled")
        return await self._find(sign_in_id, provider)

    async def connect(self, asker: Asker, authorized: Authorized, *, person_id: str | None = None) -> LinkedAccount:
        """Take an account that somebody has just signed in to; raises `ConflictError` for one of somebody else."""
        cause = self._new_id()
        try:
            who = await self._asker(asker, person_id)
            async with self._worker.on_request() as work:
                return await self._linking.link(work, who, authorized, cause=cause)
        except PermanentError:
            async with self._worker.on_request() as work:
                await self._unlinking.turn_away(work, authorized, cause=cause)
            raise

    async def linked(self, asker: Asker, *, provider: Provider | None = None) -> list[LinkedAccount]:
        """Return the accounts that Usher holds a credential for, of the person who asks."""
        async with transaction(self._pool) as connection:
            person = await _person_of(connection, asker)
            return [] if person is None else await connections.matching(connection, person_id=person, provider=provider)

    async def person_of(self, asker: Asker, *, person_id: str | None = None) -> str | None:
        """Return which person asks, or is meant; None where nothing is known of them yet."""
        who = await self._asker(asker, person_id)
        async with transaction(self._pool) as connection:
            return await _person_of(connection, who)

    async def unlink(
        self,
        asker: Asker,
        provider: Provider,
        *,
        server: str | None = None,
        account_id: str | None = None,
        person_id: str | None = None,
    ) -> list[LinkedAccount]:
        """Forget the asker's credentials of a provider, call his open sign-ins off, and return what was linked.

        The identity stays, and stays proven: that it is his account is as true as before, and without its proof
        anybody could claim it with all its plays.
        """
        who = await self._asker(asker, person_id)
        async with self._worker.on_request() as work:
            for row in await sign_ins.all_open_of(work.connection, who, provider):
                await self._endings.end(work, row.id, state="cancelled")
            person = await _person_of(work.connection, who)
            if person is None and (who.kind != "key" or account_id is None):
                return []
            machine = None if server is None else await _machine_of(work.connection, server)
            found = await connections.hold_matching(
                work.connection, person_id=person, provider=provider, server=machine, account_id=account_id
            )
            return [each for each in found if await self._unlinking(work, each)]

    async def _asker(self, asker: Asker, person_id: str | None) -> Asker:
        if person_id is None:
            return Asker(asker.kind, asker.id, text(asker.name) or asker.id)
        async with transaction(self._pool) as connection:
            person = await ownership.load_person(connection, person_id)
        return Asker("person", person.id, person.name)

    def _shown(self, row: SignInRow, *, asked_as: str) -> SignIn:
        return msgspec.structs.replace(row.shown(now=self._now()), was_open=row.id != asked_as)

    async def _find(self, sign_in_id: str, provider: Provider | None) -> SignIn:
        async with transaction(self._pool) as connection:
            row = await sign_ins.find(connection, sign_in_id)
        if row is None or provider not in {None, row.provider}:
            raise UnknownSignInError
        return row.shown(now=self._now())

    async def _over(self, interaction: Interaction | None) -> SignInRow | None:
        if interaction is None:
            return None
        async with transaction(self._pool) as connection:
            row = await sign_ins.of_interaction(connection, interaction.id)
        return None if row is None or row.state == "pending" else row

    async def _open(
        self, asker: Asker, provider: Provider, server: str, interaction: Interaction | None
    ) -> SignInRow | None:
        async with self._worker.on_request() as work:
            await self._require_room(work.connection, asker)
            row = await sign_ins.open_of(work.connection, asker, provider, server)
            if row is None or row.expires_at <= self._now():
                return None
            await sign_ins.want(work.connection, row.id, now=self._now())
            if interaction is not None:
                await self._endings.hear(work, row, interaction)
            return row

    async def _require_room(self, connection: Connection, asker: Asker) -> None:
        """Raise where a key has begun as many as it may; nobody else begins one for it until the transaction ends."""
        if asker.kind != "key":
            return
        now = self._now()
        ends = await sign_ins.ends_of_key(connection, asker.key_id, now=now)
        if len(ends) >= domain.MOST_OF_A_KEY:
            raise ThrottledError(
                f"{len(ends)} sign-ins of this key are open: finish one, wait until one ends, or call one off with "
                "DELETE /api/integrations/{provider}/auth/pin/{pin_id}",
                retry_after=ends[0] - now,
            )

    async def _begun(self, sign_in_id: str, asker: Asker, provider: Provider, server: str) -> Begun:
        forward_url = f"{self._public_url}{RETURN_PAGE}?id={sign_in_id}"
        try:
            async with asyncio.timeout(self._intervals.begin_within.total_seconds()):
                await self._finish(asker, provider, server)
                return await self._flows[provider].begin(
                    server=server, sign_in_id=sign_in_id, asker=asker, forward_url=forward_url
                )
        except TimeoutError as exc:
            raise TransientError("the other system does not answer in time: try again") from exc

    async def _finish(self, asker: Asker, provider: Provider, server: str) -> None:
        """Ask a last time about the sign-in before, past its end: somebody may have signed in at the last moment."""
        async with transaction(self._pool) as connection:
            row = await sign_ins.open_of(connection, asker, provider, server)
        if row is None or row.expires_at > self._now():
            return
        await self.poller.check(row.id, every=timedelta(), limit=POLL_LIMIT)
        if (await self._find(row.id, provider)).state == "pending":
            raise TransientError("the sign-in before this one is just ending: try again")

    async def _keep(self, row: SignInRow, begun: Begun, interaction: Interaction | None) -> SignInRow:
        """Keep what was begun; where two began at once, one wins, and both get that one."""
        async with self._worker.on_request() as work:
            await self._require_room(work.connection, row.asker)
            kept: SignInRow | None = row
            if not await sign_ins.add(work.connection, row):
                kept = await sign_ins.open_of(work.connection, row.asker, row.provider, row.server)
            elif begun.secret is not None:
                owner = sign_in_secret(row.id, provider=row.provider)
                await self._vault.put(owner, begun.secret, on=work.connection)
            if kept is None:
                raise ConflictError("another sign-in ended at this moment: begin again")
            if interaction is not None:
                await self._endings.hear(work, kept, interaction)
            return kept


async def _person_of(connection: Connection, asker: Asker) -> str | None:
    if asker.kind == "person":
        return asker.id
    if asker.kind not in IDENTITIES:
        return None
    key = Key(asker.kind, "", asker.id)
    holder = (await accounts.holders_of(connection, [key])).get(key)
    return None if holder is None else holder.person_id


async def _machine_of(connection: Connection, name: str) -> str:
    server = await find_server(connection, name)
    if server is None or not server.machine_id:
        raise NotFoundError(f"there is no server {name!r} that Usher has reached: GET /api/mediaservers lists them")
    return server.machine_id
