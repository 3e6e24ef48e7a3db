"""The state of Seerr when it was read: its users, and which person has which. One read serves many decisions."""

from typing import Final

import msgspec

from services.linker.seerr.domain import MatchContext, SeerrMediaServer
from services.linker.seerr.proofs import domain, store
from services.linker.seerr.proofs.store import Holding
from shared.clients.seerr.rest import Seerr
from shared.clients.seerr.settings import discord_ids
from shared.clients.seerr.users import SeerrUser
from shared.http.calls import RefusedError
from shared.postgres.pool import Pool, transaction

NOT_FOUND: Final = 404


class SeerrState(msgspec.Struct, frozen=True):
    """All users, Seerr's media server, and the persons who have the users.

    `stale` are persons whose user has changed, by the list, so much that it may not be theirs; the matcher decides.
    """

    users: dict[int, SeerrUser]
    media_server: SeerrMediaServer
    holders: dict[int, str]
    stale: dict[int, str]

    def user(self, number: int | None) -> SeerrUser | None:
        """Return a user."""
        return None if number is None else self.users.get(number)

    def holders_of(self, number: int, *, other_than: str) -> list[str]:
        """Return who else has a user or may have it."""
        found = (self.holders.get(number), self.stale.get(number))
        return [holder for holder in found if holder is not None and holder != other_than]

    def context_of(self, person_id: str, *, contested_names: frozenset[str]) -> MatchContext:
        """Return what a decision about this person depends on."""
        holders = {number: holder for number, holder in self.holders.items() if holder != person_id}
        return MatchContext(holders=holders, contested_names=contested_names, media_server=self.media_server)

    def set_holder(self, number: int, person_id: str) -> None:
        """Set the person who has a user."""
        self.stale.pop(number, None)
        self.holders[number] = person_id


async def read_state(api: Seerr, pool: Pool) -> SeerrState:
    """Read Seerr's state, in a few calls for all persons."""
    kind = (await api.public_settings()).media_server
    machine_id: str | None = None
    if kind == "plex":
        machine_id = await api.plex_machine_id()
    elif kind in {"jellyfin", "emby"}:
        machine_id = await api.jellyfin_server_id()
    users = {user.id: user for user in await api.all_users()}
    async with transaction(pool) as connection:
        holdings = await store.holdings(connection)
    return _build_state(users, SeerrMediaServer(kind, machine_id), holdings)


def _build_state(users: dict[int, SeerrUser], media_server: SeerrMediaServer, holdings: list[Holding]) -> SeerrState:
    """Build the state; who had a user when Seerr was removed has it again if it is the same user."""
    state = SeerrState(users, media_server, holders={}, stale={})
    for each in holdings:
        is_same = each.proof is None or domain.is_same(users.get(each.number), each.proof)
        if is_same:
            state.holders.setdefault(each.number, each.person_id)
        elif each.is_current:
            state.stale.setdefault(each.number, each.person_id)
    return state


async def discord_ids_of(api: Seerr, number: int) -> tuple[str, ...]:
    """Return the Discord ids that a user has in Seerr, or none if the user is gone."""
    try:
        return discord_ids(await api.notification_settings(number))
    except RefusedError as exc:
        if exc.answered != NOT_FOUND:
            raise
        return ()
