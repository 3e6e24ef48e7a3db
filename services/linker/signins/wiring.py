"""Puts the linker's side for sign-ins together."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from services.linker.signins.daily_token_check import DailyTokenCheck
from services.linker.signins.domain import LEASE
from services.linker.signins.end_sign_in import SignInEnder
from services.linker.signins.flows.plex import PlexFlow
from services.linker.signins.forgetting import Forgetting
from services.linker.signins.handlers import Handlers
from services.linker.signins.intervals import INTERVALS, Intervals
from services.linker.signins.past_sign_ins import PastSignIns
from services.linker.signins.providers import Providers
from services.linker.signins.sign_ins import SignIns
from services.linker.signins.unlink_account import AccountUnlinker, RevokeToken, TokenRevocation
from shared.runtime import Parts, Service
from shared.schemas.identifiers import random_id
from shared.schemas.people import ForgetPerson
from shared.schemas.signins import (
    BeginSignIn,
    CancelSignIn,
    CheckSignIn,
    ConnectAccount,
    ListConnections,
    ListSignIns,
    RemoveConnections,
)
from shared.sealing import Sealer
from shared.upstreams.clients import Clients
from shared.vault import Vault


class SignInsSide:
    """The linker's side for sign-ins."""

    def __init__(
        self,
        parts: Parts,
        *,
        vault: Vault,
        sealer: Sealer,
        clients: Clients,
        public_url: str,
        now: Callable[[], datetime],
        providers: Providers | None = None,
        lease: timedelta = LEASE,
        intervals: Intervals = INTERVALS,
    ) -> None:
        others = providers or Providers()
        plex = PlexFlow(clients, poll_every=intervals.plex_polls)
        self.sign_ins: Final = SignIns(
            worker=parts.worker,
            pool=parts.pool,
            vault=vault,
            sealer=sealer,
            flows={"plex": plex, **others.flows},
            public_url=public_url,
            now=now,
            new_id=random_id,
            lease=lease,
            intervals=intervals,
        )
        self.daily_check: Final = DailyTokenCheck(
            worker=parts.worker, pool=parts.pool, vault=vault, checks={"plex": plex.check, **others.checks}, now=now
        )
        self._revocation = TokenRevocation(sealer, others.revokers)
        unlinker = AccountUnlinker(vault, sealer, now=now)
        ender = SignInEnder(vault, sealer, unlinker, now=now)
        self._forgetting = Forgetting(worker=parts.worker, unlinker=unlinker, ender=ender, now=now)
        self._past_sign_ins = PastSignIns(parts.pool)
        self._handlers = Handlers(
            self.sign_ins,
            pool=parts.pool,
            vault=vault,
            sealer=sealer,
            plex=plex,
            with_password=others.with_password,
        )

    def add_to(self, service: Service) -> None:
        """Have a service answer questions about sign-ins and revoke tokens."""
        service.work(RevokeToken.done_by(self._revocation.revoke))
        service.answer(
            BeginSignIn.answered_by(self._handlers.begin),
            CheckSignIn.answered_by(self._handlers.check),
            CancelSignIn.answered_by(self._handlers.cancel),
            ConnectAccount.answered_by(self._handlers.connect),
            ListConnections.answered_by(self._handlers.list_connections),
            RemoveConnections.answered_by(self._handlers.remove),
            ForgetPerson.answered_by(self._forgetting.forget_person),
            ListSignIns.answered_by(self._past_sign_ins.list_sign_ins),
        )

    async def run(self) -> None:
        """Poll sign-ins and check tokens, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.sign_ins.poller.run())
            tasks.create_task(self.daily_check.run())
