"""People with linked accounts, stored as sign-ins store them, and what the linker then does with them."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from shared.bus.connection import Bus
from shared.bus.questions import ask
from shared.owners import account_token, server_token
from shared.postgres.pool import Pool
from shared.schemas.events import AccountLinked, AccountUnlinked, RunChanged, ServerChanged
from shared.schemas.identifiers import random_id
from shared.schemas.job import Job, subject
from shared.schemas.media import Provider
from shared.schemas.people import FindPerson, MergePeople, Person
from shared.schemas.runs import Run
from shared.schemas.secret import Secret
from shared.vault import Vault
from tests.integration.service import until

NOON: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)
KEY: Final = "seerr-api-key"


class People:
    """Puts people into the linker's tables, and uses it over the bus."""

    def __init__(self, bus: Bus, pool: Pool, vault: Vault) -> None:
        self.bus = bus
        self.pool = pool
        self.vault = vault
        self.linked: list[AccountLinked] = []
        self.unlinked: list[AccountUnlinked] = []
        self._runs: dict[str, Run] = {}
        self._identities = 0

    async def listen(self) -> None:
        async def linked(message: Any) -> None:
            fact = msgspec.json.decode(message.data, type=AccountLinked)
            if fact.provider == "seerr":
                self.linked.append(fact)

        async def unlinked(message: Any) -> None:
            self.unlinked.append(msgspec.json.decode(message.data, type=AccountUnlinked))

        async def changed(message: Any) -> None:
            run = msgspec.json.decode(message.data, type=RunChanged).run
            self._runs[run.id] = max(run, self._runs.get(run.id, run), key=lambda each: each.sequence)

        await self.bus.client.subscribe("events.run.changed", cb=changed)
        await self.bus.client.subscribe("events.account.linked", cb=linked)
        await self.bus.client.subscribe("events.account.unlinked", cb=unlinked)

    async def configure(self, url: str, *, key: str = KEY, gives_token: bool = False, enabled: bool = True) -> None:
        """Set Seerr up, or anew, and say so as the registry of servers does."""
        await self.vault.put(server_token("Seerr", type="seerr"), Secret(key))
        await self.pool.execute(
            """insert into servers (name, type, url, gives_token, enabled) values ('Seerr', 'seerr', $1, $2, $3)
            on conflict (name) do update
            set url = excluded.url, gives_token = excluded.gives_token, enabled = excluded.enabled""",
            url,
            gives_token,
            enabled,
        )

    async def say_server_changed(self, name: str = "Seerr", *, is_removed: bool = False) -> None:
        await self._say(ServerChanged(id=random_id(), occurred_at=NOON, name=name, is_removed=is_removed))

    async def remove_seerr(self) -> None:
        """Remove Seerr, and publish that as the registry of servers does."""
        await self.pool.execute("delete from servers where type = 'seerr'")
        await self.vault.remove(server_token("Seerr", type="seerr"))
        await self.say_server_changed(is_removed=True)

    async def add(self, name: str) -> str:
        person_id = random_id()
        await self.pool.execute("insert into persons (id, name) values ($1, $2)", person_id, name)
        return person_id

    async def own(
        self,
        person_id: str,
        provider: Provider,
        account_id: str,
        *,
        username: str = "",
        server: str = "",
        email: str | None = None,
        proven: bool = True,
    ) -> None:
        """Give a person an account, without an event; each is linked a minute after the one before."""
        self._identities += 1
        await self.pool.execute(
            """insert into identities (provider, server, id, person_id, username, email, proven, linked_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8)""",
            provider,
            server,
            account_id,
            person_id,
            username or account_id,
            email,
            proven,
            NOON + timedelta(minutes=self._identities),
        )

    async def say_linked(
        self, person_id: str, provider: Provider = "plex", *, account_id: str = "42", fact_id: str | None = None
    ) -> None:
        fact = AccountLinked(
            id=fact_id or random_id(),
            occurred_at=NOON,
            person_id=person_id,
            person_name="",
            provider=provider,
            account_id=account_id,
            username="",
        )
        await self._say(fact)

    async def link_plex(
        self, name: str, account_id: int | str = 42, *, email: str | None = None, discord_id: str | None = None
    ) -> str:
        """Let a new person prove a Plex account, in Discord if an id is given."""
        person_id = await self.add(name)
        await self.own(person_id, "plex", str(account_id), username=name, email=email)
        if discord_id is not None:
            await self.own(person_id, "discord", discord_id, username=name)
        await self.say_linked(person_id, account_id=str(account_id))
        return person_id

    async def merge(self, person_id: str, merged_id: str) -> None:
        await ask(self.bus, MergePeople(person_id=person_id, merged_id=merged_id))

    async def give_token(self, account_id: int, token: str) -> None:
        await self.vault.put(account_token("plex", server="", account_id=str(account_id)), Secret(token))

    async def find(self, person_id: str) -> Person:
        return await ask(self.bus, FindPerson(person_id=person_id))

    async def matched(self, person_id: str) -> int:
        """Wait until a person has a user in Seerr, and return its number."""

        async def is_matched() -> bool:
            return (await self.find(person_id)).seerr_user_id is not None

        await until(is_matched)
        number = (await self.find(person_id)).seerr_user_id
        assert number is not None
        return number

    async def reason(self, person_id: str) -> str:
        """Wait until there is a reason why a person has no user in Seerr, and return it."""

        async def is_said() -> bool:
            return (await self.find(person_id)).seerr_reason is not None

        await until(is_said)
        return (await self.find(person_id)).seerr_reason or ""

    async def give_job(self, job: Job) -> None:
        """Give the linker this job, as it would itself."""
        await self.bus.publish(subject(type(job)), msgspec.json.encode(job), message_id=random_id())

    async def jobs_done(self) -> None:
        """Wait until the linker has nothing left to do."""

        async def is_taken_in() -> bool:
            stream = self.bus.client.jetstream()
            pending = 0
            for consumer, where in (("linker-links", "EVENTS"), ("linker-seerr", "JOBS")):
                found = await stream.consumer_info(where, consumer)
                pending += (found.num_pending or 0) + (found.num_ack_pending or 0)
            return pending == 0

        async def is_idle() -> bool:
            # asked again at the end, because a job may have left the outbox after the first look
            is_said = await is_taken_in() and await self.pool.fetchval("select count(*) from outbox") == 0
            return is_said and await is_taken_in()

        await until(is_idle, within_s=60)

    def checks(self) -> list[Run]:
        """Return the checks of Seerr as they are now, oldest first."""
        return list(self._runs.values())

    async def dead(self) -> list[str]:
        """Return the reasons of dead jobs."""
        stream = self.bus.client.jetstream()
        count = (await stream.stream_info("DEAD")).state.messages
        letters = [await stream.get_msg("DEAD", seq=number) for number in range(1, count + 1)]
        return [msgspec.json.decode(letter.data or b"")["reason"] for letter in letters]

    async def _say(self, fact: AccountLinked | ServerChanged) -> None:
        subject = f"events.{fact.__struct_config__.tag}"
        await self.bus.publish(subject, msgspec.json.encode(fact), message_id=fact.id)
