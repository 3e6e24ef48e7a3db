"""Makes a user in Seerr: imported from its own media server where that has the account, else one of Seerr's own.

The only place that lets Seerr make one, and so the only one that asks whether somebody is blocked.
"""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from services.linker.seerr import domain
from services.linker.seerr.domain import Account, Found, Nobody, Surroundings, Unsure, Verdict
from services.linker.seerr.view import View
from shared.clients.seerr.problems import ImportRefusedError, UserExistsError
from shared.clients.seerr.rest import Seerr
from shared.schemas.secret import Secret

Blocked = Callable[[Sequence[str]], Awaitable[Sequence[str]]]
"""Returns which of these names are blocked."""

_INSTEAD: Final = "a user of Seerr's own was made instead"


class Made(msgspec.Struct, frozen=True):
    """What came of it; `tried_import` where Seerr was asked to import, and `problem` why it could not."""

    verdict: Found | Unsure
    tried_import: bool = False
    problem: ImportRefusedError | None = None

    @property
    def reason(self) -> str | None:
        """Return what the person is told of an import that did not work."""
        return None if self.problem is None else f"{self.problem.detail}: {_INSTEAD}"


async def make(api: Seerr, view: View, accounts: Sequence[Account], around: Surroundings, *, blocked: Blocked) -> Made:
    """Make a user of these accounts' person, of whom Seerr has none."""
    users = list(view.users.values())
    name = domain.new_name(users, accounts, around)
    if named := await blocked([*dict.fromkeys((*(account.username for account in accounts), name))]):
        return Made(Unsure(f"{named[0]} is blocked, and so gets no user in Seerr: unblock them in their settings"))
    account = domain.importable(accounts, view.ground)
    verdict: Verdict = Nobody()
    problem = None
    if account is not None:
        try:
            verdict = await _imported(api, account, accounts, around)
        except ImportRefusedError as exc:
            problem = exc
    if isinstance(verdict, Nobody):
        verdict = await _local(api, name, accounts, around)
    return Made(verdict, tried_import=account is not None, problem=problem)


async def _imported(api: Seerr, account: Account, accounts: Sequence[Account], around: Surroundings) -> Verdict:
    if account.provider == "plex":
        await api.import_from_plex([int(account.id)])
    else:
        # what is not among these would leave a user there without a name
        known = {domain.bare(each): each for each in await api.jellyfin_candidates()}
        if (candidate := known.get(domain.bare(account.id))) is None:
            return Nobody()
        await api.import_from_jellyfin([candidate])
    return domain.match(await api.all_users(), accounts, around)


async def _local(api: Seerr, name: str, accounts: Sequence[Account], around: Surroundings) -> Found | Unsure:
    password = Secret(secrets.token_urlsafe(24))  # nobody keeps it: who wants one lets Seerr set it
    try:
        made = await api.create_local_user(username=name, password=password, email=domain.address_of(accounts))
    except UserExistsError as exc:
        verdict = domain.match(await api.all_users(), accounts, around)
        return Unsure(f"{exc.detail}, but lists none") if isinstance(verdict, Nobody) else verdict
    return Found(await api.user(made.id), "made")
