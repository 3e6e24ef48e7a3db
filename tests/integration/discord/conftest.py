"""Discord, the gateway, linker and syncer together: someone types a command, and reads the reply."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from services.linker.discord.handlers import Handlers as LinkerHandlers
from services.linker.discord.handlers import SignIns
from services.linker.signins.domain import Asker, SignIn, State
from services.syncer.discord.handlers import Handlers as SyncerHandlers
from shared.bus import streams
from shared.bus.connection import Bus
from shared.discord.prompts import Prompts
from shared.discord.rate_limits import Limits
from shared.discord.receiving import Receiver
from shared.discord.replying import ReplyJobs
from shared.discord.rest import Discord
from shared.discord.rights import Rights
from shared.errors import UsherError
from shared.http.client import client
from shared.http.upstream import Upstream
from shared.keyring import Keyring, new_key
from shared.runtime import Parts, Service
from shared.schemas.interactions import Interaction
from shared.schemas.media import Provider
from shared.schemas.secret import Secret
from shared.sealing import Sealer
from simulators.determinism import Clock
from simulators.discord.app import Discord as StandIn
from simulators.discord.interactions import ADMINISTRATOR, Person
from simulators.serving import serving
from tests.integration.gateway.house import TLS, House, prepared, settings
from tests.integration.service import at_work, parts_of, until

GUILD = "197038439483310086"
ANNA = Person(id="80351110224678912", name="anna", guild_id=GUILD)
BEN = Person(id="80351110224678913", name="ben", guild_id=GUILD)
ADMIN = Person(id="80351110224678914", name="martha", guild_id=GUILD, permissions=ADMINISTRATOR)
KEYS = new_key("test")
RIGHTS = Rights(guild_id=GUILD)


class Account(msgspec.Struct, frozen=True):
    username: str


class FakeSignIns:
    """Begins sign-ins, one open for each asker; fails as long as `errors` has something to raise."""

    def __init__(self) -> None:
        self.errors: list[UsherError] = []
        self.state: State = "pending"
        self.begun: list[tuple[Asker, str | None]] = []
        self.linked: dict[str, list[Account]] = {}

    async def begin(self, asker: Asker, provider: Provider, *, interaction: Interaction | None = None) -> SignIn:
        if self.errors:
            raise self.errors.pop(0)
        self.begun.append((asker, None if interaction is None else interaction.id))
        return SignIn(
            id="s1",
            provider=provider,
            state=self.state,
            code="c" * 25,
            short_code="AB3D",
            url=f"https://app.plex.tv/auth#?code={asker.id}",
            expires_at=datetime.now(UTC) + timedelta(minutes=30),
        )

    async def unlink(self, asker: Asker, provider: Provider) -> Sequence[Account]:  # noqa: ARG002
        if self.errors:
            raise self.errors.pop(0)
        return self.linked.pop(asker.id, [])


class Street:
    """People on Discord, and what they see."""

    def __init__(self, stand_in: StandIn, house: House, sign_ins: FakeSignIns, bus: Bus) -> None:
        self.stand_in = stand_in
        self.house = house
        self.sign_ins = sign_ins
        self.bus = bus
        self.linker: Parts
        self.syncer: Parts

    async def use(self, interaction: dict[str, Any], *, ahead: timedelta = timedelta()) -> httpx.Response:
        """Send an interaction and take the answer as Discord does; `ahead` advances its clock."""
        self.stand_in.interactions.send(interaction)
        answer = await self.post(interaction, ahead=ahead)
        self.stand_in.answered(interaction["token"], answer.json())
        return answer

    async def post(self, interaction: dict[str, Any], *, ahead: timedelta = timedelta()) -> httpx.Response:
        headers, body = self.stand_in.app.signed(interaction, ago=ahead)
        return await self.house.http.post("/discord/interactions", content=body, headers=headers)

    async def command(self, person: Person, name: str, /, **options: str) -> dict[str, Any]:
        """Use a command, and return its final reply."""
        interaction = self.stand_in.app.command(person, name, options)
        await self.use(interaction)
        return await self.reply(interaction)

    async def reply(self, interaction: dict[str, Any]) -> dict[str, Any]:
        await until(lambda: self.stand_in.interactions.reply(interaction["token"]) is not None)
        message = self.stand_in.interactions.reply(interaction["token"])
        assert message is not None
        return message

    async def follow_ups(self, interaction: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the follow-up messages to people who used a message."""
        await until(lambda: bool(self.stand_in.interactions.follow_ups(interaction["token"])))
        return self.stand_in.interactions.follow_ups(interaction["token"])

    async def direct_messages(self, person: Person, count: int = 1) -> list[str]:
        await until(lambda: len(self.stand_in.direct_messages(person.id)) >= count)
        return [message["content"] for message in self.stand_in.direct_messages(person.id)]

    async def is_settled(self, *consumers: str) -> bool:
        """Tell whether all these interactions and jobs are done."""
        stream = self.bus.client.jetstream()
        for name in consumers:
            info = await stream.consumer_info("JOBS" if name.endswith("jobs") else "INTERACTIONS", name)
            if info.num_pending or info.num_ack_pending:
                return False
        return True


@pytest.fixture
def stand_in() -> StandIn:
    stand_in = StandIn(clock=Clock())
    stand_in.guilds.add(GUILD)
    stand_in.people |= {person.id: person.name for person in (ANNA, BEN, ADMIN)}
    return stand_in


FillLinker = Callable[[Street, Service, Parts, Sealer, httpx.AsyncClient], Coroutine[Any, Any, None] | None]
"""Gives the linker its consumers; returns what else runs in it."""


@asynccontextmanager
async def opened(
    stand_in: StandIn, bus: Bus, database_url: Secret, nats_url: Secret, folder: Path, *, fill_linker: FillLinker
) -> AsyncIterator[Street]:
    """Let Discord, gateway, linker and syncer run."""
    discord_settings = {
        "discord_application_id": stand_in.app.id,
        "discord_public_key": stand_in.app.public_key,
        "usher_encryption_keys": KEYS,
    }
    sealer = Sealer(Keyring.parse(KEYS))
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serving(stand_in))
        http = await stack.enter_async_context(client(tls=TLS))
        discord = Discord(
            http,
            Upstream("Discord"),
            application_id=stand_in.app.id,
            bot_token=Secret(stand_in.app.bot_token),
            limits=Limits(),
            url=f"{url}/api/v10",
        )
        config = settings(database_url, nats_url, folder, **discord_settings)
        street = Street(stand_in, await stack.enter_async_context(prepared(config)), FakeSignIns(), bus)
        replies = ReplyJobs(discord, sealer, now=stand_in.clock.now)
        for name in ("linker", "syncer"):
            parts = await stack.enter_async_context(parts_of(name, bus=bus, database_url=database_url))
            service = Service(parts)
            beside = fill_linker(street, service, parts, sealer, http) if name == "linker" else None
            if name == "syncer":
                _fill_syncer(street, service, parts)
            service.work(*replies.jobs)
            await stack.enter_async_context(at_work(service))
            if beside is not None:
                await stack.enter_async_context(_running(beside))
        yield street


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work)
        try:
            yield
        finally:
            task.cancel()


@pytest.fixture
async def street(
    stand_in: StandIn, bus: Bus, database_url: Secret, nats_url: Secret, tmp_path: Path
) -> AsyncIterator[Street]:
    """A street whose sign-ins are made up."""

    def fill(street: Street, service: Service, parts: Parts, sealer: Sealer, http: httpx.AsyncClient) -> None:
        consume_commands(street, service, parts, street.sign_ins)

    async with opened(stand_in, bus, database_url, nats_url, tmp_path, fill_linker=fill) as street:
        yield street


def consume_commands(street: Street, service: Service, parts: Parts, sign_ins: SignIns) -> None:
    """Let the linker answer commands."""
    street.linker = parts
    handlers = LinkerHandlers(pool=parts.pool, sign_ins=sign_ins)
    receiver = Receiver(streams.LINKER_INTERACTIONS, parts.worker, handlers.answer, rights=RIGHTS, now=_now)
    service.consume(streams.LINKER_INTERACTIONS, receiver.take)


def _fill_syncer(street: Street, service: Service, parts: Parts) -> None:
    street.syncer = parts
    handlers = SyncerHandlers(worker=parts.worker, pool=parts.pool)
    service.consume(streams.SYNCER_LINKS, handlers.learn_link)
    receiver = Receiver(streams.SYNCER_INTERACTIONS, parts.worker, handlers.answer, rights=RIGHTS, now=_now)
    service.consume(streams.SYNCER_INTERACTIONS, receiver.take)
    prompts = Prompts(choices_for=handlers.choices_for, form_for=handlers.form_for, rights=RIGHTS)
    service.answer(*prompts.answers())


def _now() -> datetime:
    return datetime.now(UTC)
