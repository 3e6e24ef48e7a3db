"""The folder under today's `usher run`: what its REST API, its database and its NATS say."""

import asyncio
import json
import urllib.request
from collections import Counter
from contextlib import suppress
from typing import Any

import asyncpg
import msgspec
import nats
import nats.js.errors

from tests.e2e.upgrade.town import DISCORD, Surroundings
from tests.house import API_KEY, House


class Upgraded(msgspec.Struct, frozen=True):
    """A folder of before, under today's `usher run`."""

    house: House
    around: Surroundings

    def get(self, path: str) -> Any:
        return self.house.get(path)

    def post(self, path: str, body: Any = None, *, key: str = API_KEY) -> Any:
        return self.call(path, "POST", body, key=key)

    def call(self, path: str, method: str, body: Any = None, *, key: str = API_KEY) -> Any:
        content = None if body is None else json.dumps(body).encode()
        headers = {"X-API-Key": key} | ({} if body is None else {"Content-Type": "application/json"})
        request = urllib.request.Request(f"{self.house.url}{path}", data=content, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.loads(response.read() or b"null")

    def titles(self, person: str) -> Counter[str]:
        return Counter(play["title"] for play in self.house.pages(f"/api/history?person={person}"))

    def letters(self) -> dict[str, list[str]]:
        """Return the direct messages and their recipients."""
        discord = self.around.town.discord
        found = {
            name: [each["content"] for each in discord.direct_messages(number)] for name, number in DISCORD.items()
        }
        return {name: letters for name, letters in found.items() if letters}

    def rows(self, query: str) -> list[Any]:
        return asyncio.run(_rows((self.house.folder / "run/database_url").read_text().strip(), query))

    def unfinished(self) -> dict[str, int]:
        """The messages that consumers have not acknowledged."""
        return asyncio.run(_unfinished((self.house.folder / "run/nats_url").read_text().strip()))

    def jobs(self) -> list[str]:
        """The payloads of all jobs ever given."""
        return asyncio.run(_jobs((self.house.folder / "run/nats_url").read_text().strip()))


async def _rows(url: str, query: str) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()


async def _unfinished(url: str) -> dict[str, int]:
    client = await nats.connect(url)
    try:
        stream = client.jetstream()
        found = [
            one for info in await stream.streams_info() for one in await stream.consumers_info(info.config.name or "")
        ]
        left = {one.name: (one.num_pending or 0) + (one.num_ack_pending or 0) for one in found}
        return {name: count for name, count in left.items() if count}
    finally:
        await client.close()


async def _jobs(url: str) -> list[str]:
    client = await nats.connect(url)
    try:
        stream = client.jetstream()
        last = (await stream.stream_info("JOBS")).state.last_seq
        found = []
        for number in range(1, last + 1):
            with suppress(nats.js.errors.NotFoundError):  # some only tested whether the stream accepts messages
                found.append(await stream.get_msg("JOBS", number, direct=True))
        return [(message.data or b"").decode() for message in found]
    finally:
        await client.close()
