"""Seerr as it was when it was read, and who had which of its users then: what one decision needs, or many."""

from typing import Final

import msgspec

from services.linker.seerr.domain import Ground, Surroundings
from services.linker.seerr.proofs import domain, store
from services.linker.seerr.proofs.store import Holding
from shared.clients.seerr.rest import Seerr
from shared.clients.seerr.settings import discord_ids
from shared.clients.seerr.users import SeerrUser
from shared.http.calls import RefusedError
from shared.postgres.pool import Pool, transaction

GONE: Final = 404


class View(msgspec.Struct, frozen=True):
    """All users, the media server, and who has them.

    `stale` are those who have a number whose user the list does not show to be theirs any more; whether they let go is
    for a closer look.
    """

    users: dict[int, SeerrUser]
    ground: Ground
    holders: dict[int, str]
    stale: dict[int, str]

    def user(self, number: int | None) -> SeerrUser | None:
        """Return a user."""
        return None if number is None else self.users.get(number)

    def holders_of(self, number: int, *, beside: str) -> list[str]:
        """Return who else has a user, or had it, rightly or not."""
        found = (self.holders.get(number), self.stale.get(number))
        return [holder for holder in found if holder is not None and holder != beside]

    def around(self, person_id: str, *, contested: frozenset[str]) -> Surroundings:
        """Return what bears on a decision about this person."""
        held = {number: holder for number, holder in self.holders.items() if holder != person_id}
        return Surroundings(held=held, contested=contested, ground=self.ground)

    def note(self, number: int, person_id: str) -> None:
        """Take note that a person has a user from now on."""
        self.stale.pop(number, None)
        self.holders[number] = person_id


async def view_of(api: Seerr, pool: Pool) -> View:
    """Read all that a decision needs, a few calls for all persons."""
    media_server = (await api.public_settings()).media_server
    machine_id: str | None = None
    if media_server == "plex":
        machine_id = await api.plex_machine_id()
    elif media_server in {"jellyfin", "emby"}:
        machine_id = await api.jellyfin_server_id()
    users = {user.id: user for user in await api.all_users()}
    async with transaction(pool) as connection:
        holdings = await store.holdings(connection)
    return _view(users, Ground(media_server, machine_id), holdings)


def _view(users: dict[int, SeerrUser], ground: Ground, holdings: list[Holding]) -> View:
    """Return who has a user, or had it when Seerr was removed: the latter only where it is the very same."""
    view = View(users, ground, holders={}, stale={})
    for each in holdings:
        is_same = each.proof is None or domain.is_same(users.get(each.number), each.proof)
        if is_same:
            view.holders.setdefault(each.number, each.person_id)
        elif each.is_current:
            view.stale.setdefault(each.number, each.person_id)
    return view


async def ids_of(api: Seerr, number: int) -> tuple[str, ...]:
    """Return the Discord ids that a user has in Seerr; none for one who is not there."""
    try:
        return discord_ids(await api.notification_settings(number))
    except RefusedError as exc:
        if exc.answered != GONE:
            raise
        return ()
