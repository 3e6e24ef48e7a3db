"""What has to be done before the gateway answers questions: wait for Postgres, migrate, bootstrap, read the secrets."""

import sys
from collections.abc import Awaitable, Callable
from typing import Final

import stamina
import structlog

from services.gateway import bootstrap
from services.gateway.bootstrap import Bootstrap
from services.gateway.readiness import Preparation
from services.gateway.settings import Settings
from services.gateway.webhook_secrets.cache import SecretCache
from shared import runtime
from shared.errors import UnavailableError
from shared.postgres.pool import Pool
from shared.vault import Vault

NAME: Final = "gateway"

log = structlog.get_logger()


class Startup:
    """Done once, at every start."""

    def __init__(
        self,
        config: Settings,
        pool: Pool,
        *,
        vault: Vault,
        bootstrap: Bootstrap,
        secret_cache: SecretCache,
        preparation: Preparation,
    ) -> None:
        self._config = config
        self._pool = pool
        self._vault = vault
        self._bootstrap = bootstrap
        self._secret_cache = secret_cache
        self._preparation = preparation

    async def run(self) -> None:
        """Return once all is done, however long Postgres is away. Raises what waiting cannot solve."""
        for step in (self._migrate, self._vault.verify, self._begin, self._secret_cache.read):
            await _retry(step)
        self._preparation.finish()
        log.info("prepared")

    async def _migrate(self) -> None:
        await runtime.bring_up_to_date(self._pool, NAME)

    async def _begin(self) -> None:
        generated = await self._bootstrap.run(self._config)
        if not generated.is_empty:
            sys.stdout.write(bootstrap.banner(generated, self._config))
            sys.stdout.flush()


@stamina.retry(on=UnavailableError, attempts=None, timeout=None, wait_initial=0.1, wait_max=3)
async def _retry(step: Callable[[], Awaitable[None]]) -> None:
    await step()
