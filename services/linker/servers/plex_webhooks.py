"""Sets Usher's webhook on a Plex account. plex.tv keeps one list for each account, and replaces it as a whole."""

from datetime import timedelta
from typing import Final

from services.linker.servers import store
from services.linker.servers.linked_token import linked_plex_token
from services.linker.servers.registry import Registry
from services.linker.servers.webhook_addresses import Comparison, compare
from shared.clients.errors import CredentialRefusedError
from shared.clients.plex_tv import PlexTv
from shared.errors import ConflictError, InvalidError, UnknownServerError
from shared.http.calls import RefusedError
from shared.postgres.pool import Pool, transaction
from shared.schemas.plex_webhooks import (
    ADDRESS,
    PlexWebhooks,
    PlexWebhookSet,
    SetPlexWebhook,
    ShowPlexWebhooks,
)
from shared.schemas.secret import Secret
from shared.sealing import Sealer
from shared.upstreams.clients import Clients
from shared.upstreams.rate_limit import RateLimit
from shared.vault import Vault

DEADLINE: Final = timedelta(seconds=2.5)
"""For each of the calls to plex.tv."""


class PlexAccountWebhooks:
    """Answers `/api/plex/webhooks`."""

    def __init__(self, clients: Clients, *, registry: Registry, vault: Vault, sealer: Sealer, pool: Pool) -> None:
        self._clients = clients
        self._registry = registry
        self._vault = vault
        self._sealer = sealer
        self._pool = pool

    async def show(self, question: ShowPlexWebhooks) -> PlexWebhooks:
        """Say what setting the address would change."""
        plex_tv, token = self._plex_tv(), await self._token(question)
        account = await _account(plex_tv, token, question)
        found = await self._compare(plex_tv, token, self._address(question))
        return PlexWebhooks(account=account, present=found.is_present, outdated=found.outdated, others=found.hosts)

    async def set(self, question: SetPlexWebhook) -> PlexWebhookSet:
        """Write the account's list with the address in it, unless it is there; then read it again."""
        plex_tv, token, address = self._plex_tv(), await self._token(question), self._address(question)
        account = await _account(plex_tv, token, question)
        before = await self._compare(plex_tv, token, address)
        if not before.is_settled:
            await plex_tv.replace_webhooks(token, [*(Secret(url) for url in before.others), address])
            after = await self._compare(plex_tv, token, address)
            if not after.is_present:
                raise RefusedError("plex.tv took the webhook, but did not keep it")
        return PlexWebhookSet(account=account, added=not before.is_present, replaced=before.outdated, kept=before.hosts)

    async def _compare(self, plex_tv: PlexTv, token: Secret, address: Secret) -> Comparison:
        present = await plex_tv.webhooks(token)
        return compare([url.reveal() for url in present], address.reveal())

    def _plex_tv(self) -> PlexTv:
        return self._clients.for_test(deadline=DEADLINE).plex_tv(RateLimit.acquire_at_once)

    def _address(self, question: ShowPlexWebhooks | SetPlexWebhook) -> Secret:
        return self._sealer.unseal(question.address, purpose=ADDRESS)

    async def _token(self, question: ShowPlexWebhooks | SetPlexWebhook) -> Secret:
        if question.server is not None:
            return await self._server_token(question.server)
        if question.person_id is None:
            raise InvalidError("name a Plex server, or a person who has linked Plex")
        return await linked_plex_token(self._pool, self._vault, question.person_id)

    async def _server_token(self, name: str) -> Secret:
        async with transaction(self._pool) as connection:
            server = await store.find_server(connection, name)
            if server is None or server.type != "plex":
                raise UnknownServerError(name, kind="plex")
            token = await self._registry.token_of(connection, server)
        if token is None:
            raise ConflictError(f"the token of {name} cannot be decrypted: give it again")
        return token


async def _account(plex_tv: PlexTv, token: Secret, question: ShowPlexWebhooks | SetPlexWebhook) -> str:
    try:
        return (await plex_tv.account(token)).username
    except CredentialRefusedError as exc:
        raise ConflictError(_token_refused(question)) from exc


def _token_refused(question: ShowPlexWebhooks | SetPlexWebhook) -> str:
    if question.server is None:
        return "plex.tv does not accept this person's token any more: the account must be linked again"
    return (
        f"plex.tv does not accept the token of {question.server}: it is revoked, or valid for the server alone. "
        "Choose a linked account of its owner, or give the server a token of the account"
    )
