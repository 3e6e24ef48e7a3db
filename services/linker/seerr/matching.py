"""Finds a person's user in Seerr, or makes one: what Seerr is asked, what is decided, what is stored.

Seerr is never called inside a transaction. So what was decided is held against the database once more before it is
stored, under a lock, and whoever comes second begins anew and finds what the first one made.
"""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import assert_never

import msgspec

from services.linker.seerr import domain, jobs, store
from services.linker.seerr.desk import Desk
from services.linker.seerr.domain import Found, Ground, Nobody, Surroundings, Unsure, Verdict
from services.linker.seerr.jobs import MatchUser, TellUser
from services.linker.seerr.leaving import is_there, say_unlinked
from services.linker.seerr.store import Seeker
from shared.bus.work import Work, Worker
from shared.clients.seerr.problems import UserExistsError
from shared.clients.seerr.rest import Seerr
from shared.clients.seerr.users import SeerrUser
from shared.errors import TransientError, UnavailableError, UsherError
from shared.postgres.pool import Pool, transaction
from shared.schemas.events import AccountLinked
from shared.schemas.identifiers import derived_id
from shared.schemas.secret import Secret


class View(msgspec.Struct, frozen=True):
    """Seerr as it was when it was read, and who had which of its users then."""

    users: list[SeerrUser]
    ground: Ground
    holders: dict[int, str]

    def user(self, number: int) -> SeerrUser | None:
        """Return a user."""
        return next((user for user in self.users if user.id == number), None)


async def view_of(api: Seerr, pool: Pool) -> View:
    """Read all that a decision needs, a few calls for all persons."""
    media_server = (await api.public_settings()).media_server
    machine_id: str | None = None
    if media_server == "plex":
        machine_id = await api.plex_machine_id()
    elif media_server in {"jellyfin", "emby"}:
        machine_id = await api.jellyfin_server_id()
    users = await api.all_users()
    async with transaction(pool) as connection:
        return View(users, Ground(media_server, machine_id), await store.holders(connection))


class Matching:
    """Matches persons, one at a time; `cause` is the message that asks for it."""

    def __init__(self, *, worker: Worker, pool: Pool, now: Callable[[], datetime]) -> None:
        self._worker = worker
        self._pool = pool
        self._now = now

    async def match(self, desk: Desk, person_id: str, *, cause: str) -> None:
        """Find the person's user or make one, and let it be told; nothing for who has no account that Seerr knows."""
        seeker = await self._seeker(desk, person_id, cause=cause)
        if seeker is None:
            return
        if seeker.seerr_user_id is not None:
            await self._keep(desk, seeker, cause=cause)
            return
        try:
            await self._search(desk, seeker, cause=cause)
        except UnavailableError:
            raise
        except UsherError as exc:
            await self._give_up(desk, seeker, exc.detail)
            raise

    async def look_after(self, desk: Desk, view: View, person_id: str, *, cause: str) -> None:
        """Do what a reading of all users allows: keep, find, forget. Making a user is another job."""
        seeker = await self._seeker(desk, person_id, cause=cause)
        if seeker is None:
            return
        around = await self._surroundings(seeker, view)
        number = seeker.seerr_user_id
        if number is not None and domain.may_keep(view.user(number), seeker.accounts, around):
            await self._tell_what_is_missing(desk, seeker, cause=cause)
            return
        if number is not None:
            await self.forget(seeker, f"Seerr's user {number} is gone or has another account", cause=cause)
        match domain.match(view.users, seeker.accounts, around):
            case Nobody():
                async with self._worker.on_request() as work:
                    jobs.say(work, MatchUser(seeker.person_id), cause=cause)
            case Found() as found:
                await self._store(desk, seeker, found, cause=cause)
                view.holders[found.user.id] = seeker.person_id
            case Unsure(reason):
                await self._give_up(desk, seeker, reason)
            case never:
                assert_never(never)

    async def forget(self, seeker: Seeker, reason: str, *, cause: str) -> None:
        """Take a user from a person who cannot have him any more, unless he has another one by now."""
        async with self._worker.on_request() as work:
            await store.lock_to_match(work.connection)
            now = await store.seeker_of(work.connection, seeker.person_id)
            if now is None or now.seerr_user_id is None or (now.seerr_user_id, now.url) != _had(seeker):
                return
            await store.take_user(work.connection, seeker.person_id)
            say_unlinked(work, seeker.person_id, now.seerr_user_id, reason, cause=cause, at=self._now())

    async def _seeker(self, desk: Desk, person_id: str, *, cause: str) -> Seeker | None:
        """Return who is to be matched; a user that was found at another address is forgotten first."""
        async with transaction(self._pool) as connection:
            seeker = await store.seeker_of(connection, person_id)
        if seeker is None or not seeker.accounts:
            return None
        if seeker.seerr_user_id is None or seeker.is_matched_at(desk.row.url):
            return seeker
        await self.forget(seeker, "Seerr has another address now", cause=cause)
        return msgspec.structs.replace(seeker, seerr_user_id=None, url=None, is_token_given=False)

    async def _surroundings(self, seeker: Seeker, view: View) -> Surroundings:
        async with transaction(self._pool) as connection:
            contested = await store.contested_names(connection, seeker)
        held = {number: holder for number, holder in view.holders.items() if holder != seeker.person_id}
        return Surroundings(held=held, contested=contested, ground=view.ground)

    async def _search(self, desk: Desk, seeker: Seeker, *, cause: str) -> None:
        view = await view_of(desk.api, self._pool)
        around = await self._surroundings(seeker, view)
        verdict = domain.match(view.users, seeker.accounts, around)
        if isinstance(verdict, Nobody):
            verdict = await _made(desk.api, view, seeker, around)
        match verdict:
            case Found():
                await self._store(desk, seeker, verdict, cause=cause)
            case Unsure(reason):
                await self._give_up(desk, seeker, reason)
            case never:
                assert_never(never)

    async def _store(self, desk: Desk, seeker: Seeker, found: Found, *, cause: str) -> None:
        async with self._worker.on_request() as work:
            await store.lock_to_match(work.connection)
            if not await is_there(work.connection, desk):
                return
            now = await store.seeker_of(work.connection, seeker.person_id)
            holder = await store.holder_of(work.connection, found.user.id)
            if now is None or now.person_id != seeker.person_id or holder not in {None, seeker.person_id}:
                raise TransientError(f"Seerr's user {found.user.id} was given to another person at the same time")
            if now.seerr_user_id is None:
                await store.give_user(work.connection, now, found, url=desk.row.url, at=self._now())
                self._say_linked(work, now, found, cause=cause)
            _say_tell(work, desk, now, cause=cause)

    def _say_linked(self, work: Work, seeker: Seeker, found: Found, *, cause: str) -> None:
        work.publish(
            AccountLinked(
                id=derived_id("account.linked", "seerr", seeker.person_id, found.user.id, cause),
                occurred_at=self._now(),
                person_id=seeker.person_id,
                person_name=seeker.name,
                provider="seerr",
                account_id=str(found.user.id),
                username=domain.shown(found.user),
                email=found.user.email,
                discord_id=seeker.discord_ids[0] if seeker.discord_ids else None,
            )
        )

    async def _keep(self, desk: Desk, seeker: Seeker, *, cause: str) -> None:
        async with self._worker.on_request() as work:
            await store.lock_to_match(work.connection)
            if not await is_there(work.connection, desk):
                return
            await store.note_search(work.connection, seeker.person_id, url=desk.row.url, reason=None, at=self._now())
            _say_tell(work, desk, seeker, cause=cause)

    async def _give_up(self, desk: Desk, seeker: Seeker, reason: str) -> None:
        async with self._worker.on_request() as work:
            await store.lock_to_match(work.connection)
            now = await store.seeker_of(work.connection, seeker.person_id)
            if now is not None and now.seerr_user_id is None and await is_there(work.connection, desk):
                await store.note_search(work.connection, now.person_id, url=desk.row.url, reason=reason, at=self._now())

    async def _tell_what_is_missing(self, desk: Desk, seeker: Seeker, *, cause: str) -> None:
        has_plex = any(account.provider == "plex" for account in seeker.accounts)
        if desk.row.gives_token and has_plex and not seeker.is_token_given:
            async with self._worker.on_request() as work:
                jobs.say(work, TellUser(seeker.person_id), cause=cause)


async def _made(api: Seerr, view: View, seeker: Seeker, around: Surroundings) -> Found | Unsure:
    """Import the person's account where Seerr's own server has it, else make a user of Seerr's own."""
    verdict = await _imported(api, view, seeker, around)
    if not isinstance(verdict, Nobody):
        return verdict
    name = domain.new_name(view.users, seeker.accounts, around)
    password = Secret(secrets.token_urlsafe(24))  # nobody keeps it: who wants one lets Seerr set it
    try:
        made = await api.create_local_user(username=name, password=password, email=domain.address_of(seeker.accounts))
    except UserExistsError as exc:
        verdict = domain.match(await api.all_users(), seeker.accounts, around)
        return Unsure(f"{exc.detail}, but lists none") if isinstance(verdict, Nobody) else verdict
    return Found(await api.user(made.id), "made")


async def _imported(api: Seerr, view: View, seeker: Seeker, around: Surroundings) -> Verdict:
    account = domain.importable(seeker.accounts, view.ground)
    if account is None:
        return Nobody()
    if account.provider == "plex":
        await api.import_from_plex([int(account.id)])
    else:
        await api.import_from_jellyfin([account.id])
    return domain.match(await api.all_users(), seeker.accounts, around)


def _say_tell(work: Work, desk: Desk, seeker: Seeker, *, cause: str) -> None:
    if seeker.discord_ids or desk.row.gives_token:
        jobs.say(work, TellUser(seeker.person_id), cause=cause)


def _had(seeker: Seeker) -> tuple[int | None, str | None]:
    return seeker.seerr_user_id, seeker.url
