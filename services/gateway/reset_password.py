"""The program behind `usher admin reset-password`: reads its request on standard input, because a secret is in it."""

import asyncio
import sys
from datetime import UTC, datetime
from typing import Final

import msgspec

import shared.blocked_imports  # noqa: F401 (before anything that loads what it keeps out)
from services.gateway.access.passwords import MOST_PASSWORD, NewPassword, Passwords, random_password
from services.gateway.access.recovery import Recovery
from services.gateway.settings import LEAST_PASSWORD
from shared.errors import InvalidError, UsherError
from shared.postgres import pool as postgres
from shared.schemas.secret import Secret

_FAILED: Final = 1


class ResetRequest(msgspec.Struct, frozen=True):
    """Whose password (by default the only user's), in which database, and which it is to be (by default made up)."""

    database_url: str
    username: str | None = None
    password: NewPassword | None = None


class ResetResult(msgspec.Struct, frozen=True):
    """What was done; `password` only where it was made up."""

    username: str
    password: str | None
    sessions_ended: int


async def reset_password(request: ResetRequest) -> ResetResult:
    """Set the password. Raises `UsherError`."""
    async with postgres.connect(Secret(request.database_url), schema="gateway", size=1, wait=False) as pool:
        recovery = Recovery(pool, Passwords(), now=lambda: datetime.now(UTC))
        user = await recovery.user(request.username)
        password = random_password() if request.password is None else Secret(request.password)
        ended = await recovery.reset_password(user, password)
    return ResetResult(user.username, password.reveal() if request.password is None else None, ended)


def request_in(text: bytes) -> ResetRequest:
    """Return the request; raises `InvalidError` for a password that is no good."""
    try:
        return msgspec.json.decode(text, type=ResetRequest)
    except msgspec.ValidationError as exc:
        raise InvalidError(
            f"the password has to have {LEAST_PASSWORD} to {MOST_PASSWORD} characters, and no control characters"
        ) from exc


def main() -> None:
    """Print what was done as JSON; what went wrong is one line on standard error."""
    try:
        done = asyncio.run(reset_password(request_in(sys.stdin.buffer.read())))
    except UsherError as exc:
        sys.stderr.write(f"{exc.detail}\n")
        sys.exit(_FAILED)
    sys.stdout.buffer.write(msgspec.json.encode(done))


if __name__ == "__main__":
    main()
