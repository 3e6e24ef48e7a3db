"""Chooses the configured server that a sign-in is for, and verifies that the same server still answers there."""

from services.linker.servers import store
from services.linker.servers.store import ServerRow
from shared.errors import ConflictError, UnknownServerError
from shared.postgres.pool import Pool, transaction
from shared.schemas.media import Provider


class AnotherServerError(ConflictError):
    """Another server answers at a server's address, so its accounts are not those that Usher knows."""

    def __init__(self, name: str) -> None:
        super().__init__(f"another server than {name} answers at its address: test {name}, so that Usher learns its id")


async def choose_server(pool: Pool, kind: Provider, name: str) -> ServerRow:
    """Return the server of this kind and name; without a name, the only one that is in use.

    Raises `UnknownServerError`, or `ConflictError` where it is disabled or several servers need a name.
    """
    async with transaction(pool) as connection:
        servers = await store.servers_of(connection, kind, only_enabled=False)
    found = [server for server in servers if (server.name == name if name else server.enabled)]
    if not found:
        raise UnknownServerError(name, kind=kind)
    if len(found) > 1:
        raise ConflictError(f"there are several {kind.title()} servers, say which: {', '.join(s.name for s in found)}")
    if not found[0].enabled:
        raise ConflictError(f"{found[0].name} is switched off")
    return found[0]


async def find_server_by_machine_id(pool: Pool, kind: Provider, machine_id: str) -> ServerRow:
    """Return the server with this machine id; raises `UnknownServerError` where none is in use."""
    async with transaction(pool) as connection:
        servers = await store.servers_of(connection, kind)
    for server in servers:
        if server.machine_id == machine_id:
            return server
    raise UnknownServerError("", kind=kind)


def verified_machine_id(server: ServerRow, answered: str) -> str:
    """Return the machine id that an account is proven on; `answered` is the one that the server gave.

    Raises `AnotherServerError` where it is not the stored one.
    """
    known = server.machine_id or answered
    if not known or answered not in {"", known}:
        raise AnotherServerError(server.name)
    return known
