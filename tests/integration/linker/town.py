"""A gateway, a linker and a syncer of a test, used as their callers do."""

import json
from typing import Any

from tests.integration.gateway.house import House
from tests.integration.service import until


class Town:
    """A whole Usher as its callers see it."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def play(self, source: str, payload: bytes) -> dict[str, Any]:
        """Have something watched, and return the unclaimed account of it."""
        before = await self.unclaimed()
        await self.house.webhook(source, json.loads(payload))
        await until(lambda: self._has_more(len(before)))
        known = [{**each, "plays": 0, "last_seen_at": ""} for each in before]
        return next(each for each in await self.unclaimed() if {**each, "plays": 0, "last_seen_at": ""} not in known)

    async def _has_more(self, count: int) -> bool:
        return len(await self.unclaimed()) > count

    async def unclaimed(self) -> list[dict[str, Any]]:
        return list((await self.house.get("/api/people/unclaimed")).json()["items"])

    async def claim(self, account: dict[str, Any], person_id: str | None = None, name: str | None = None) -> Any:
        body = {**named(account), "person_id": person_id, "name": name}
        return (await self.house.post("/api/people/unclaimed/claim", body)).json()

    async def give_back(self, person: Any, account: dict[str, Any]) -> Any:
        return await self.house.post(f"/api/people/{person['id']}/give-back", named(account))

    async def merge(self, person: Any, merged: Any, *, verb: str = "merge") -> Any:
        return await self.house.post(f"/api/people/{person['id']}/{verb}", {"merged_id": merged["id"]})

    async def until_plays_of(self, *names: str | None) -> None:
        """Wait until the plays are these persons'."""

        async def are_so() -> bool:
            items = (await self.house.get("/api/history")).json()["items"]
            found = [each["person"]["name"] if each["person"] else None for each in items]
            return sorted(map(str, found)) == sorted(map(str, names))

        await until(are_so)


def named(account: dict[str, Any]) -> dict[str, Any]:
    return {name: account[name] for name in ("source", "server", "account_id")}
