"""A linker at work on a Seerr of each dialect, with people to link."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
import pytest

from services.linker.people.handlers import Handlers
from services.linker.seerr.wiring import SeerrSide
from shared.bus.connection import Bus
from shared.http.client import client
from shared.keyring import Keyring, new_key
from shared.postgres.pool import Pool
from shared.runs.runs import Runs
from shared.runtime import Service
from shared.schemas.identifiers import random_id
from shared.schemas.people import FindPerson, MergePeople
from shared.schemas.secret import Secret
from shared.schemas.users import BlockedUsers, FindBlocked
from shared.settings import UpstreamSettings
from shared.upstreams.clients import Clients
from shared.vault import Vault
from simulators.asgi import Request, Response
from simulators.plex_tv.app import PlexTv
from simulators.seerr.app import Seerr
from simulators.seerr.dialect import Dialect
from simulators.serving import serving
from tests.integration.linker.seerr.people import KEY, People
from tests.integration.service import answering, at_work, parts_of

BRIEFLY: Final = timedelta(milliseconds=20)
every_dialect = pytest.mark.parametrize("dialect", list(Dialect), indirect=True)


class ForgetfulSeerr(Seerr):
    """Does what it was asked, but answers 500, as a proxy does after a timeout."""

    loses: str = ""
    """The requests whose answers are lost: the start of `METHOD /path`."""
    lost: int = 0
    _overtaker: str = ""

    async def answer(self, request: Request) -> Response:
        response = await super().answer(request)
        if self.loses and f"{request.method} {request.path}".startswith(self.loses):
            self.loses, self.lost = "", self.lost + 1
            return Response(status=500, body=b"{}")
        return response

    def is_overtaken_by(self, email: str) -> None:
        """Let someone take an address after our first look at the users, and before we do."""
        self._overtaker = email

    async def serve(self, request: Request) -> Response:
        if self._overtaker and request.method == "POST" and request.path.endswith("/user"):
            self.users.add(email=self._overtaker)
            self._overtaker = ""
        return await super().serve(request)

    def asked(self, route: str) -> int:
        """Return how often a request was made."""
        return sum(f"{request.method} {request.path}".startswith(route) for request in self.seen)


@pytest.fixture
def dialect(request: pytest.FixtureRequest) -> Dialect:
    chosen: Dialect = getattr(request, "param", Dialect.SEERR)
    return chosen


@pytest.fixture
def seerr(dialect: Dialect) -> ForgetfulSeerr:
    return ForgetfulSeerr(dialect, api_key=KEY)


@pytest.fixture
async def seerr_url(seerr: ForgetfulSeerr) -> AsyncIterator[str]:
    async with serving(seerr) as url:
        yield url


@pytest.fixture
def plex_tv() -> PlexTv:
    return PlexTv()


@pytest.fixture(scope="session")
def tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


@pytest.fixture
def keyring() -> Keyring:
    return Keyring.parse(new_key("k1"))


@pytest.fixture
async def without_seerr(bus: Bus, pool: Pool, keyring: Keyring) -> People:
    """People, in front of a linker that no Seerr is configured for."""
    found = People(bus, pool, Vault(pool, keyring))
    await found.listen()
    return found


@pytest.fixture
async def people(without_seerr: People, seerr_url: str) -> People:
    """People, in front of a linker with a Seerr."""
    await without_seerr.configure(seerr_url)
    return without_seerr


@pytest.fixture
async def blocked(bus: Bus) -> AsyncIterator[set[str]]:
    """Who is blocked, as the syncer knows it."""
    found: set[str] = set()

    async def find_blocked(question: FindBlocked) -> BlockedUsers:
        return BlockedUsers([name for name in question.usernames if name in found])

    async with answering(bus, "syncer", FindBlocked.answered_by(find_blocked)):
        yield found


@pytest.fixture(params=[1])
async def linker(
    request: pytest.FixtureRequest,
    bus: Bus,
    database_url: Secret,
    keyring: Keyring,
    tls: ssl.SSLContext,
    blocked: set[str],
) -> AsyncIterator[None]:
    """The linker at work; with `param` 2, in two replicas."""
    async with asyncio.TaskGroup() as tasks:
        up = [asyncio.Event() for _ in range(request.param)]
        stop = asyncio.Event()
        for event in up:
            tasks.create_task(_replica(bus, database_url, keyring, tls, up=event, stop=stop))
        for event in up:
            await event.wait()
        yield
        stop.set()


async def _replica(
    bus: Bus, database_url: Secret, keyring: Keyring, tls: ssl.SSLContext, *, up: asyncio.Event, stop: asyncio.Event
) -> None:
    async with parts_of("linker", bus=bus, database_url=database_url) as parts, client(tls=tls) as http:
        service = Service(parts)
        clients = Clients(http, UpstreamSettings(), parts.pool, plex_client_id="test")
        vault = Vault(parts.pool, keyring)
        runs = Runs(parts.name, parts.worker, now=_now)
        service.add_runs(runs)
        SeerrSide(parts, vault=vault, client=clients.seerr, runs=runs, now=_now, save_delay=BRIEFLY).add_to(service)
        handlers = Handlers(worker=parts.worker, pool=parts.pool, now=_now, new_id=random_id)
        service.answer(FindPerson.answered_by(handlers.find_person), MergePeople.answered_by(handlers.merge_people))
        async with at_work(service):
            up.set()
            await stop.wait()


def _now() -> datetime:
    return datetime.now(UTC)
