"""The linker's sign-ins at work beside a gateway, with a stand-in for plex.tv: spoken to over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import msgspec

from services.linker.people.handlers import Handlers as People
from services.linker.people.undoing import Undoing
from services.linker.signins.domain import LEASE
from services.linker.signins.intervals import Intervals
from services.linker.signins.providers import Providers
from services.linker.signins.wiring import SignInsSide
from shared.bus.connection import Bus, connect
from shared.http.client import client
from shared.keyring import Keyring
from shared.runtime import Parts, Service
from shared.schemas import events
from shared.schemas.events import Event
from shared.schemas.identifiers import random_id
from shared.schemas.media import Account, Title
from shared.schemas.secret import Secret
from shared.sealing import Sealer
from shared.settings import UpstreamSettings
from shared.upstreams.clients import Clients
from shared.vault import Vault
from simulators.plex_tv.accounts import PlexAccount
from simulators.plex_tv.app import PlexTv
from tests.integration.gateway.house import ADMIN, PASSWORD, House
from tests.integration.service import parts_of, until

PUBLIC_URL = "http://usher.test"
QUICKLY = Intervals(
    plex_polls=timedelta(milliseconds=100),
    checks=timedelta(milliseconds=20),
    looks=timedelta(milliseconds=50),
)
MOVIE = Title(type="movie", title="The Matrix", year=1999)


def now() -> datetime:
    return datetime.now(UTC)


class Linker:
    """A linker of a test."""

    def __init__(self, parts: SignInsSide, vault: Vault, sealer: Sealer) -> None:
        self.sign_ins = parts.sign_ins
        self.daily_check = parts.daily_check
        self.vault = vault
        self.sealer = sealer


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the linkers of a test run."""

    database_url: Secret
    nats_url: Secret
    keys: Secret
    plex_url: str
    tls: Any

    @asynccontextmanager
    async def linker(
        self,
        *,
        providers: Providers | None = None,
        lease: timedelta = LEASE,
        keys: Secret | None = None,
        intervals: Intervals = QUICKLY,
        plex_tv_every: timedelta = timedelta(),
        ahead: timedelta = timedelta(),
    ) -> AsyncIterator[Linker]:
        """Run a linker until the block ends, then stop it, whatever it is doing. Its clock may be ahead."""
        async with (
            connect(self.nats_url, name="linker") as bus,
            parts_of("linker", bus=bus, database_url=self.database_url) as parts,
            client(tls=self.tls) as http,
        ):
            keyring = Keyring.parse(keys or self.keys)
            vault, sealer = Vault(parts.pool, keyring), Sealer(keyring)
            sign_ins = SignInsSide(
                parts,
                vault=vault,
                sealer=sealer,
                clients=Clients(
                    http,
                    UpstreamSettings(plex_tv_url=self.plex_url),
                    parts.pool,
                    plex_client_id="usher-test",
                    plex_tv_every=plex_tv_every,
                ),
                public_url=PUBLIC_URL,
                now=lambda: now() + ahead,
                providers=providers,
                lease=lease,
                intervals=intervals,
            )
            async with asyncio.TaskGroup() as tasks:
                service = _service(parts, sign_ins)
                running = [tasks.create_task(service.run()), tasks.create_task(sign_ins.run())]
                await service.has_started.wait()
                try:
                    yield Linker(sign_ins, vault, sealer)
                finally:
                    for task in running:
                        task.cancel()

    async def rows(self, query: str, *values: Any) -> list[asyncpg.Record]:
        """Read the linker's tables."""
        connection = await asyncpg.connect(self.database_url.reveal(), server_settings={"search_path": "linker"})
        try:
            return await connection.fetch(query, *values)
        finally:
            await connection.close()


def _service(parts: Parts, sign_ins: SignInsSide) -> Service:
    service = Service(parts)
    People(worker=parts.worker, pool=parts.pool, now=now, new_id=random_id).add_to(service)
    Undoing(worker=parts.worker, pool=parts.pool, now=now).add_to(service)
    sign_ins.add_to(service)
    return service


class Said:
    """Records the messages on some subjects."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes]] = []

    async def listen(self, bus: Bus, *subjects: str) -> None:
        async def hear(message: Any) -> None:
            self.messages.append((message.subject, message.data))

        for subject in subjects:
            await bus.client.subscribe(subject, cb=hear)
        await bus.client.flush()

    def facts(self, kind: type[Event]) -> list[Any]:
        """Return the facts of a kind, in order."""
        return [msgspec.json.decode(data, type=kind) for subject, data in self.on(events.subject(kind))]

    def on(self, subject: str) -> list[tuple[str, bytes]]:
        """Return the messages on a subject."""
        return [each for each in self.messages if each[0] == subject]


class Person:
    """Someone who links accounts through the gateway: the admin by session, or the person an API key acts for."""

    def __init__(self, house: House, headers: dict[str, str], *, person_id: str | None = None) -> None:
        self._house = house
        self.headers = headers
        self.person_id = person_id

    async def begin(self, provider: str = "plex") -> Any:
        return (await self.post(f"{provider}/auth/pin", {"person_id": self.person_id})).json()

    async def check(self, pin: Any, provider: str = "plex") -> Any:
        return (await self.post(f"{provider}/auth/check", {"pin_id": pin["pin_id"]})).json()

    async def sign_in(self, plex: PlexTv, account: PlexAccount) -> Any:
        """Sign in completely; return how it ended."""
        pin = await self.begin()
        claim(plex, pin["code"], account)
        return await self.settled(pin)

    async def settled(self, pin: Any, provider: str = "plex") -> Any:
        """Ask until the sign-in has ended."""
        found: list[Any] = []

        async def is_over() -> bool:
            found.append(await self.check(pin, provider))
            return bool(found[-1]["status"] != "pending")

        await until(is_over)
        return found[-1]

    async def post(self, path: str, body: Any) -> httpx.Response:
        return await self._house.post(f"/api/integrations/{path}", body, headers=self.headers)

    async def get(self, path: str = "", **params: Any) -> httpx.Response:
        return await self._house.get(f"/api/integrations{path}", headers=self.headers, **params)

    async def linked(self) -> list[Any]:
        page = (await self.get(**({} if self.person_id is None else {"person": self.person_id}))).json()
        return list(page["items"])

    async def unlink(self, provider: str = "plex", **params: Any) -> httpx.Response:
        return await self._house.http.delete(
            f"/api/integrations/{provider}/connect", params=params, headers=self.headers
        )


async def admin(house: House) -> Person:
    """Return the admin, logged in."""
    answer = await house.post("/api/auth/login", {"username": "admin", "password": PASSWORD}, headers={})
    return Person(house, {"Authorization": f"Bearer {answer.json()['token']}"})


def key(house: House, person_id: str | None = None) -> Person:
    """Return the person the first API key acts for."""
    return Person(house, ADMIN, person_id=person_id)


def claim(plex: PlexTv, code: str, account: PlexAccount) -> str:
    """Claim a PIN as the web page does; return the token."""
    pin = plex.pins.with_code(code)
    assert pin is not None
    return plex.pins.claim(pin.id, account)


async def people(house: House) -> list[Any]:
    return list((await house.get("/api/people")).json()["items"])


async def see(bus: Bus, house: House, account: Account) -> None:
    """Report a play on an account, and wait until the linker knows it."""
    play = events.PlayRecorded(
        id=random_id(), occurred_at=now(), play_id=random_id(), account=account, title=MOVIE, watched_at=now()
    )
    await bus.publish(events.subject(play), msgspec.json.encode(play), message_id=play.id)

    async def is_seen() -> bool:
        items = (await house.get("/api/people/unclaimed")).json()["items"]
        return any((each["server"], each["account_id"]) == (account.server, account.id) for each in items)

    await until(is_seen)


async def claim_unproven(house: House, account: Account, person_id: str | None = None) -> Any:
    """Claim an account for a person, without proof."""
    body = {"source": account.source, "server": account.server, "account_id": account.id, "person_id": person_id}
    return (await house.post("/api/people/unclaimed/claim", body)).json()
