"""Puts the linker's part for sign-ins together."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.linker.signins.domain import LEASE, Check, Flow, Revoke
from services.linker.signins.flows.plex import PlexFlow
from services.linker.signins.handlers import SignIns
from services.linker.signins.health import Health
from services.linker.signins.intervals import INTERVALS, Intervals
from services.linker.signins.questions import Questions, SignInWithPassword
from services.linker.signins.unlinking import Revocations, RevokeToken
from shared.bus.message import Message
from shared.runtime import Parts
from shared.schemas.identifiers import random_id
from shared.schemas.job import JobHandler
from shared.schemas.media import Provider
from shared.schemas.question import Answer
from shared.schemas.signins import (
    BeginSignIn,
    CancelSignIn,
    CheckSignIn,
    ConnectAccount,
    ListConnections,
    RemoveConnections,
)
from shared.sealing import Sealer
from shared.upstreams.clients import Clients
from shared.vault import Vault


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """How the systems beside Plex are signed in to, checked and left."""

    flows: Mapping[Provider, Flow] = {}
    checks: Mapping[Provider, Check] = {}
    revokers: Mapping[Provider, Revoke] = {}
    with_password: SignInWithPassword | None = None


class SignInParts:
    """What answers questions about sign-ins, what does their jobs, and what runs beside them."""

    def __init__(
        self,
        parts: Parts,
        *,
        vault: Vault,
        sealer: Sealer,
        clients: Clients,
        public_url: str,
        now: Callable[[], datetime],
        ways: Ways | None = None,
        lease: timedelta = LEASE,
        intervals: Intervals = INTERVALS,
    ) -> None:
        others = ways or Ways()
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
        self.health: Final = Health(
            worker=parts.worker, pool=parts.pool, vault=vault, checks={"plex": plex.check, **others.checks}, now=now
        )
        self._revocations = Revocations(sealer, others.revokers)
        self._questions = Questions(
            self.sign_ins,
            pool=parts.pool,
            vault=vault,
            sealer=sealer,
            plex=plex,
            with_password=others.with_password,
        )

    def answers(self) -> tuple[Answer, ...]:
        """Return the answers to questions."""
        return (
            BeginSignIn.answered_by(self._questions.begin),
            CheckSignIn.answered_by(self._questions.check),
            CancelSignIn.answered_by(self._questions.cancel),
            ConnectAccount.answered_by(self._questions.connect),
            ListConnections.answered_by(self._questions.list_connections),
            RemoveConnections.answered_by(self._questions.remove),
        )

    def jobs(self) -> tuple[JobHandler[Message], ...]:
        """Return what does the jobs."""
        return (RevokeToken.done_by(self._revocations.revoke),)

    async def run(self) -> None:
        """Ask how sign-ins stand and whether tokens are good, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.sign_ins.poller.run())
            tasks.create_task(self.health.run())
