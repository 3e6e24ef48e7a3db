"""Creates a user in Seerr: imported from its media server if that has the account, otherwise a local one.

Nothing else creates users in Seerr, so only this module asks whether somebody is blocked.
"""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from services.linker.seerr import domain
from services.linker.seerr.domain import Account, Match, MatchContext, NoMatch, Uncertain, Verdict
from services.linker.seerr.state import SeerrState
from shared.clients.seerr.problems import ImportRefusedError, UserExistsError
from shared.clients.seerr.rest import Seerr
from shared.schemas.secret import Secret

FindBlockedNames = Callable[[Sequence[str]], Awaitable[Sequence[str]]]
"""Returns which of these names are blocked."""

_INSTEAD: Final = "a user of Seerr's own was made instead"


class Creation(msgspec.Struct, frozen=True):
    """The outcome; `is_import_tried` if Seerr was asked to import, and `problem` if it could not."""

    verdict: Match | Uncertain
    is_import_tried: bool = False
    problem: ImportRefusedError | None = None

    @property
    def reason(self) -> str | None:
        """Return what the person reads about an import that failed."""
        return None if self.problem is None else f"{self.problem.detail}: {_INSTEAD}"


async def create_user(
    api: Seerr, state: SeerrState, accounts: Sequence[Account], context: MatchContext, *, find_blocked: FindBlockedNames
) -> Creation:
    """Create a user for the person with these accounts, who has none in Seerr."""
    users = list(state.users.values())
    name = domain.new_name(users, accounts, context)
    if named := await find_blocked([*dict.fromkeys((*(account.username for account in accounts), name))]):
        return Creation(
            Uncertain(f"{named[0]} is blocked, and so gets no user in Seerr: unblock them in their settings")
        )
    account = domain.importable_account(accounts, state.media_server)
    verdict: Verdict = NoMatch()
    problem = None
    if account is not None:
        try:
            verdict = await _import_user(api, account, accounts, context)
        except ImportRefusedError as exc:
            problem = exc
    if isinstance(verdict, NoMatch):
        verdict = await _create_local_user(api, name, accounts, context)
    return Creation(verdict, is_import_tried=account is not None, problem=problem)


async def _import_user(api: Seerr, account: Account, accounts: Sequence[Account], context: MatchContext) -> Verdict:
    if account.provider == "plex":
        await api.import_from_plex([int(account.id)])
    else:
        # Seerr would create a user without a name for an id that it does not list
        known = {domain.fold_id(each): each for each in await api.jellyfin_candidates()}
        if (candidate := known.get(domain.fold_id(account.id))) is None:
            return NoMatch()
        await api.import_from_jellyfin([candidate])
    return domain.match(await api.all_users(), accounts, context)


async def _create_local_user(
    api: Seerr, name: str, accounts: Sequence[Account], context: MatchContext
) -> Match | Uncertain:
    password = Secret(secrets.token_urlsafe(24))  # not stored: people can have Seerr set one
    try:
        made = await api.create_local_user(username=name, password=password, email=domain.address_of(accounts))
    except UserExistsError as exc:
        verdict = domain.match(await api.all_users(), accounts, context)
        return Uncertain(f"{exc.detail}, but lists none") if isinstance(verdict, NoMatch) else verdict
    return Match(await api.user(made.id), "unique_name")
