"""A linker process: its sides put together, and what runs beside the messages and questions."""

import asyncio
from datetime import UTC, datetime

from services.linker.directory.handlers import Handlers as Directory
from services.linker.discord.handlers import Handlers as Commands
from services.linker.people.handlers import Handlers as People
from services.linker.people.undoing import Undoing
from services.linker.seerr.jobs import CheckSeerr
from services.linker.seerr.nightly_check import BEGINS
from services.linker.seerr.wiring import SeerrSide
from services.linker.servers.wiring import ServersSide
from services.linker.signins.flows.trakt_application import TraktApplication
from services.linker.signins.providers import other_providers
from services.linker.signins.trakt_renewal import TraktRenewal
from services.linker.signins.wiring import SignInsSide
from shared.bus import streams
from shared.discord.receiving import Receiver
from shared.discord.replying import ReplyJobs
from shared.discord.rights import Rights, rights_of
from shared.http.egress import Egress
from shared.keyring import Keyring
from shared.runs.runs import Runs
from shared.runtime import Parts, Service
from shared.schemas.identifiers import random_id
from shared.sealing import Sealer
from shared.settings import UpstreamSettings
from shared.upstreams.clients import Clients
from shared.vault import Vault


class Process:
    """What runs until `run` is cancelled; `finish` comes before that. `public_url` is where browsers come back to."""

    def __init__(
        self,
        parts: Parts,
        keyring: Keyring,
        clients: Clients,
        *,
        egress: Egress,
        upstreams: UpstreamSettings,
        public_url: str,
    ) -> None:
        vault, sealer = Vault(parts.pool, keyring), Sealer(keyring)
        application = TraktApplication(pool=parts.pool, vault=vault, clients=clients)
        self._bus = parts.bus
        self._clients = clients
        self._servers = ServersSide(
            parts,
            vault=vault,
            sealer=sealer,
            clients=clients,
            egress=egress,
            config=upstreams,
            now=_now,
        )
        self._sign_ins = SignInsSide(
            parts,
            vault=vault,
            sealer=sealer,
            clients=clients,
            public_url=public_url,
            now=_now,
            providers=other_providers(pool=parts.pool, vault=vault, clients=clients, application=application, now=_now),
        )
        self._renewal = TraktRenewal(
            worker=parts.worker, pool=parts.pool, vault=vault, application=application, now=_now
        )
        self._service = Service(parts)
        People(worker=parts.worker, pool=parts.pool, now=_now, new_id=random_id).add_to(self._service)
        Undoing(worker=parts.worker, pool=parts.pool, now=_now).add_to(self._service)
        self._servers.add_to(self._service)
        self._sign_ins.add_to(self._service)
        Directory(pool=parts.pool, vault=vault, sealer=sealer).add_to(self._service)
        self._add_commands(parts, ReplyJobs(clients.discord(), sealer, now=_now), rights_of(upstreams))
        runs = Runs(parts.name, parts.worker, now=_now)
        self._service.add_runs(runs)
        self._service.every(BEGINS, CheckSeerr())
        SeerrSide(parts, vault=vault, client=clients.seerr, runs=runs, now=_now).add_to(self._service)

    async def run(self) -> None:
        """Run all sides until cancelled."""
        await self._bus.add(self._clients.listener())
        async with asyncio.TaskGroup() as tasks:
            for side in (self._service, self._servers, self._sign_ins, self._renewal):
                tasks.create_task(side.run())

    async def finish(self) -> None:
        """Take nothing more, and let what was begun come to its end."""
        await asyncio.gather(self._service.finish(), self._renewal.finish())

    def _add_commands(self, parts: Parts, replies: ReplyJobs, rights: Rights) -> None:
        commands = Commands(pool=parts.pool, sign_ins=self._sign_ins.sign_ins)
        receiver = Receiver(streams.LINKER_INTERACTIONS, parts.worker, commands.answer, rights=rights, now=_now)
        self._service.consume(streams.LINKER_INTERACTIONS, receiver.take)
        self._service.work(*replies.jobs)


def _now() -> datetime:
    return datetime.now(UTC)
