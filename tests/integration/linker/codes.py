"""A system that is signed in to by a code, made up, so that its answers are the test's."""

from datetime import timedelta

from services.linker.signins.domain import (
    AccountToken,
    Asker,
    Authorization,
    Outcome,
    Pending,
    PollRequest,
    ProvenAccount,
    SignInCode,
)
from shared.schemas.media import Provider
from shared.schemas.secret import Secret
from tests.integration.linker.linking import now


class Codes:
    """A system that is signed in to by a code with a secret; notes what it was asked."""

    def __init__(self) -> None:
        self.outcome: Outcome | Exception = Pending()
        self.waited: list[PollRequest] = []
        self.revoked: list[AccountToken] = []

    async def begin(self, *, server: str, sign_in_id: str, asker: Asker, forward_url: str) -> SignInCode:  # noqa: ARG002
        return SignInCode(
            code="123456",
            url="http://jellyfin.test/quickconnect",
            expires_at=now() + timedelta(minutes=10),
            poll_every=timedelta(seconds=2),
            secret=Secret("canary-that-redeems"),
        )

    async def poll(self, waiting: PollRequest) -> Outcome:
        self.waited.append(waiting)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    async def revoke(self, account: AccountToken) -> None:
        self.revoked.append(account)


def authorized(account_id: str = "7a1", *, provider: Provider = "jellyfin") -> Authorization:
    proven = ProvenAccount(provider=provider, account_id=account_id, username="ada", server="cellar-1")
    return Authorization(
        proven=proven,
        token=Secret("canary-of-jellyfin"),
        refresh_token=Secret("canary-that-renews"),
        expires_at=now() + timedelta(hours=2),
    )
