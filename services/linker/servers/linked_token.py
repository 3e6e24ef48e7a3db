"""The token of the Plex account that a person has linked."""

from services.linker.people.ownership import load_person
from services.linker.servers import store
from shared.errors import NotFoundError
from shared.owners import account_token
from shared.postgres.pool import Pool, transaction
from shared.schemas.secret import Secret
from shared.vault import Vault


async def linked_plex_token(pool: Pool, vault: Vault, person_id: str) -> Secret:
    """Return it; raise `UnknownPersonError`, or `NotFoundError` where the person has linked none."""
    async with transaction(pool) as connection:
        person = await load_person(connection, person_id)
        account_id = await store.linked_plex_account(connection, person.id)
        token = None
        if account_id is not None:
            owner = account_token("plex", server="", account_id=account_id)
            token = await vault.get(owner, on=connection)
    if token is None:
        raise NotFoundError(f"{person.name} has no linked Plex account")
    return token
