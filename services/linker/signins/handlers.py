"""Sign-ins from their beginning to their end, whoever asks for them: Discord, REST, the terminal."""

from collections.abc import Callable, Mapping
from datetime import datetime

from services.linker.signins.domain import Asker, Authorized, Flow, SignIn
from services.linker.signins.store.connections import LinkedAccount
from shared.bus.work import Worker
from shared.courier import Courier
from shared.postgres.pool import Pool
from shared.schemas.interactions import Interaction
from shared.schemas.media import Provider
from shared.vault import Vault


class SignIns:
    """What people can do about their accounts. `public_url` is where their browsers come back to."""

    def __init__(
        self,
        *,
        worker: Worker,
        pool: Pool,
        vault: Vault,
        courier: Courier,
        flows: Mapping[Provider, Flow],
        public_url: str,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._worker = worker
        self._pool = pool
        self._vault = vault
        self._courier = courier
        self._flows = flows
        self._public_url = public_url
        self._now = now
        self._new_id = new_id

    async def begin(
        self,
        asker: Asker,
        provider: Provider,
        *,
        server: str | None = None,
        person_id: str | None = None,
        interaction: Interaction | None = None,
    ) -> SignIn:
        """Return the asker's open sign-in, or begin one. How it ends is said in reply to the last `interaction`.

        `server` is a configured server's name. With `person_id`, the account is to be that person's. Raises
        `InvalidError`, `NotFoundError`, and what the provider's client raises.
        """
        ...

    async def check(self, sign_in_id: str, *, provider: Provider | None = None) -> SignIn:
        """Ask the other system now, if it may be asked, and return how the sign-in stands."""
        ...

    async def cancel(self, sign_in_id: str) -> SignIn:
        """Call a sign-in off; one that has ended stays as it is."""
        ...

    async def connect(self, asker: Asker, authorized: Authorized, *, person_id: str | None = None) -> LinkedAccount:
        """Take an account that somebody has just signed in to; raises `ConflictError` for one of somebody else."""
        ...

    async def linked(self, asker: Asker) -> list[LinkedAccount]:
        """Return the accounts that Usher holds a credential for, of the person who asks."""
        ...

    async def unlink(
        self, asker: Asker, provider: Provider, *, server: str | None = None, account_id: str | None = None
    ) -> list[LinkedAccount]:
        """Forget the asker's credentials of a provider, call his open sign-ins off, and return what was linked."""
        ...
