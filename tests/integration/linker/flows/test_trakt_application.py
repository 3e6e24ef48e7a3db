"""A system's row and its secret are changed together, and so they are read."""

from collections.abc import Awaitable, Callable

import msgspec

from services.linker.seerr.configured_seerr import SeerrLookup
from services.linker.signins.flows.trakt_application import TraktApplication
from shared.clients.seerr.rest import Seerr
from shared.keyring import Keyring, Owner
from shared.owners import server_token
from shared.postgres.pool import transaction
from shared.schemas.directory import ServerAddress
from shared.schemas.media import Provider
from shared.schemas.secret import Secret
from shared.vault import Executor, Vault
from tests.integration.linker.flows.scenery import KEY, Scene


class Overtaken(Vault):
    """A vault at whose door somebody changes everything just before it is read."""

    def __init__(self, scene: Scene, change: Callable[[], Awaitable[None]]) -> None:
        super().__init__(scene.pool, Keyring.parse(KEY))
        self._change = change

    async def get(self, owner: Owner, *, on: Executor | None = None) -> Secret | None:
        await self._change()
        return await super().get(owner, on=on)


async def change(scene: Scene, kind: Provider, *, url: str, machine_id: str, secret: str) -> None:
    async with transaction(scene.pool) as connection:
        await connection.execute("update servers set url = $2, machine_id = $3 where type = $1", kind, url, machine_id)
        await scene.vault.put(server_token(kind.title(), type=kind), Secret(secret), on=connection)


async def test_an_application_is_never_half_the_old_and_half_the_new_one(scene: Scene) -> None:
    await scene.configure_trakt(secret="old")
    old = scene.trakt.accounts.client_id
    vault = Overtaken(scene, lambda: change(scene, "trakt", url="", machine_id="new", secret="new"))
    overtaken = TraktApplication(pool=scene.pool, vault=vault, clients=scene.clients)

    for trakt in (await overtaken.client(), await overtaken.client()):
        scene.trakt.auth.fail_next(200, body=b"{}", content_type="application/json", x_runtime="0.01")
        await trakt.revoke(Secret("token"))

    assert [application(request.body) for request in scene.trakt.auth.seen] == [(old, "old"), ("new", "new")]


async def test_a_new_key_of_seerr_is_not_sent_to_the_old_address(scene: Scene) -> None:
    made: list[tuple[str, str]] = []

    def client(address: ServerAddress, *, api_key: Secret) -> Seerr:
        made.append((address.url, api_key.reveal()))
        return scene.clients.seerr(address, api_key=api_key)

    await scene.configure("Seerr", "seerr", "http://old", None)
    await scene.vault.put(server_token("Seerr", type="seerr"), Secret("old"))
    vault = Overtaken(scene, lambda: change(scene, "seerr", url="http://new", machine_id="new", secret="new"))
    lookup = SeerrLookup(pool=scene.pool, vault=vault, client=client)

    await lookup.find()
    await lookup.find()

    assert made == [("http://old", "old"), ("http://new", "new")]


def application(body: bytes) -> tuple[str, str]:
    said = msgspec.json.decode(body)
    return said["client_id"], said["client_secret"]
