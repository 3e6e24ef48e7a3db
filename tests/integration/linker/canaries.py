"""A town around a real linker process with full logging, and every place that a secret could reach."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
import nats.js.errors

from shared.bus.connection import Bus
from shared.schemas.secret import Secret
from simulators.serving import serving
from simulators.town import Town
from tests.integration.gateway.house import ADMIN, House
from tests.integration.service import until

STREAMS: Final = ("WEBHOOKS", "INTERACTIONS", "JOBS", "EVENTS", "DEAD")


@asynccontextmanager
async def served(town: Town) -> AsyncIterator[dict[str, str]]:
    """Serve every system; gives Usher's settings for them."""
    async with AsyncExitStack() as stack:
        urls = {name: await stack.enter_async_context(serving(app)) for name, app in town.apps().items()}
        yield town.open_at(urls)


@contextmanager
def linker(log: Path, settings: dict[str, str]) -> Iterator[None]:
    """Run a linker as a process of its own; everything it says is in the file."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.linker"],
            stdout=output,
            stderr=output,
            env={**os.environ, **settings, "LOG_LEVEL": "DEBUG", "LOG_FORMAT": "json"},  # noqa: TID251 (handed on)
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


class Street:
    """What people in town do, and what Usher tells them."""

    def __init__(self, town: Town, house: House) -> None:
        self.town = town
        self.house = house
        self.told: list[str] = []

    async def command(self, name: str, command: str) -> str:
        """Use a command of Discord; return the token of the interaction."""
        discord = self.town.discord
        interaction = discord.app.command(self.town.residents[name].discord, command)
        discord.interactions.send(interaction)
        headers, content = discord.app.signed(interaction)
        answer = await self.house.http.post("/discord/interactions", content=content, headers=headers)
        discord.answered(interaction["token"], answer.json())
        return str(interaction["token"])

    async def replied(self, token: str, text: str) -> str:
        """Wait for a reply with this text, and return it."""

        def shown() -> str:
            reply = self.town.discord.interactions.reply(token)
            return "" if reply is None else str(reply["content"])

        await until(lambda: text in shown())
        self.told.append(shown())
        return shown()

    async def post(self, path: str, body: Any) -> httpx.Response:
        return self._heard(await self.house.post(path, body))

    async def put(self, path: str, body: Any) -> httpx.Response:
        return self._heard(await self.house.http.put(path, json=body, headers=ADMIN))

    async def read(self, *paths: str) -> None:
        for path in paths:
            self._heard(await self.house.get(path))

    async def person(self, name: str) -> Any:
        answer = self._heard(await self.house.get("/api/people", search=name))
        items = answer.json().get("items", [])
        return items[0] if items else None

    async def settled(self, name: str) -> None:
        """Wait until somebody has a user in Seerr, or a reason why not."""

        async def is_settled() -> bool:
            person = await self.person(name)
            return person is not None and (person["seerr_user_id"] or person["seerr_reason"]) is not None

        await until(is_settled)

    def _heard(self, answer: httpx.Response) -> httpx.Response:
        self.told.append(answer.text)
        return answer


async def everything_on(bus: Bus) -> list[bytes]:
    """Return every message of every stream, headers included."""
    stream = bus.client.jetstream()
    found = []
    for name in STREAMS:
        state = (await stream.stream_info(name)).state
        for number in range(state.first_seq or 1, (state.last_seq or 0) + 1):
            try:
                message = await stream.get_msg(name, seq=number)
            except nats.js.errors.NotFoundError:  # removed: an attempt to store something
                continue
            found.append(
                b" ".join((message.data or b"", repr(message.headers).encode(), str(message.subject).encode()))
            )
    return found


async def everything_in(database_url: Secret) -> list[str]:
    """Return every row of every table as text, the vault's without what is sealed there."""
    connection = await asyncpg.connect(database_url.reveal())
    try:
        tables = await connection.fetch(
            """select format('%I.%I', schemaname, tablename) as name from pg_tables
            where schemaname in ('shared', 'gateway', 'linker', 'syncer', 'requester')"""
        )
        return [
            row["line"]
            for table in tables
            for row in await connection.fetch(f"select to_jsonb(each)::text as line from {table['name']} each")  # noqa: S608
        ]
    finally:
        await connection.close()


def command_lines() -> list[str]:
    """Return what this host shows of all processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it has ended
            continue
    return found


async def quiet(bus: Bus) -> None:
    """Wait until the linker has nothing left to do."""
    stream = bus.client.jetstream()

    async def is_quiet() -> bool:
        infos = [info for name in ("JOBS", "EVENTS") for info in await stream.consumers_info(name)]
        mine = [info for info in infos if info.name.startswith("linker-")]
        return all((info.num_pending or 0) + (info.num_ack_pending or 0) == 0 for info in mine)

    await until(is_quiet)
    await asyncio.sleep(0.2)
