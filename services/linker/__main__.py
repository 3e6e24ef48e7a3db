"""The linker: who is who, whose account it is that something was seen on, and how people prove it."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from services.linker.clients import PLEX_TV, Clients
from services.linker.people.handlers import Handlers as People
from services.linker.plex.handlers import Handlers as PlexServers
from services.linker.plex.memory import Memory
from services.linker.plex.ways import Ways
from services.linker.settings import Settings
from services.linker.signins.budget import Budget
from services.linker.signins.flows.applications import Applications
from services.linker.signins.renewal import Renewal
from services.linker.signins.ways import ways_beside_plex
from services.linker.signins.wiring import SignInParts
from services.linker.store import installation
from shared import runtime, settings
from shared.bus import streams
from shared.clients.discord.answering import Answering
from shared.courier import Courier
from shared.http.client import client
from shared.http.egress import OWN_PORTS, Egress, ports_of, private_networks
from shared.keyring import Keyring
from shared.postgres.pool import transaction
from shared.runtime import Parts
from shared.schemas.identifiers import random_id
from shared.schemas.people import ClaimAccount, FindPerson, ListPeople, ListUnclaimed, MergePeople
from shared.schemas.plex import ListItems, ListLibraries, ListRecentlyAdded, ListSessions, SearchItems
from shared.settings import UpstreamSettings
from shared.vault import Vault


async def linker(config: Settings) -> None:
    """Run until told to stop."""
    upstreams = settings.load(UpstreamSettings)
    async with runtime.open_parts(config, name="linker") as parts, _clients(config, upstreams, parts) as clients:
        keyring = Keyring.parse(config.usher_encryption_keys)
        vault = Vault(parts.pool, keyring)
        await vault.verify()
        applications = Applications(pool=parts.pool, vault=vault, clients=clients)
        renewal = Renewal(worker=parts.worker, pool=parts.pool, vault=vault, applications=applications, now=_now)
        sign_ins = SignInParts(
            parts,
            vault=vault,
            courier=Courier(keyring),
            clients=clients,
            public_url=config.public_url,
            now=_now,
            ways=ways_beside_plex(pool=parts.pool, vault=vault, clients=clients, applications=applications, now=_now),
        )
        people = People(worker=parts.worker, pool=parts.pool, now=_now, new_id=random_id)
        answering = Answering(clients.discord(), Courier(keyring), now=_now)
        memory = Memory(now=_now)
        await parts.bus.add(memory.listener())
        plex = PlexServers(
            Ways(pool=parts.pool, vault=vault, clients=clients, budget=Budget(parts.pool, PLEX_TV), memory=memory)
        )
        service = runtime.Service(parts)
        service.consume(streams.LINKER_PLAYS, people.see_play)
        service.work({**sign_ins.jobs(), **answering.jobs})
        service.answer(
            {
                ListPeople: people.list_people,
                FindPerson: people.find_person,
                ListUnclaimed: people.list_unclaimed,
                ClaimAccount: people.claim_account,
                MergePeople: people.merge_people,
                **sign_ins.answers(),
                ListLibraries: plex.list_libraries,
                ListSessions: plex.list_sessions,
                ListRecentlyAdded: plex.list_recently_added,
                SearchItems: plex.search,
                ListItems: plex.list_items,
            }
        )
        await runtime.serve(
            config,
            lambda: _together(service.run, sign_ins.run, renewal.run),
            finish=lambda: _together(service.finish, renewal.finish),
        )


async def _together(*parts: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run, or finish, all parts of the service."""
    async with asyncio.TaskGroup() as tasks:
        for part in parts:
            tasks.create_task(part())


@asynccontextmanager
async def _clients(config: Settings, upstreams: UpstreamSettings, parts: Parts) -> AsyncIterator[Clients]:
    egress = Egress(
        denied_ports=OWN_PORTS | ports_of([config.database_url, config.nats_url]),
        private=private_networks(upstreams.usher_allow_private),
    )
    async with transaction(parts.pool) as connection:
        made_up = upstreams.plex_client_id or str(uuid.uuid4())
        client_id = await installation.value_of(connection, "plex_client_id", otherwise=made_up)
    async with client(egress=egress) as http:
        yield Clients(http, upstreams, plex_client_id=upstreams.plex_client_id or client_id)


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    runtime.main("linker", Settings, linker)
