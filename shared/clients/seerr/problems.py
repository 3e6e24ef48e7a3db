"""What Seerr's refusals mean: it says 403 for a wrong key, and other reasons only in words."""

import httpx
import msgspec

from shared.clients.api import is_page, loosely
from shared.clients.errors import CredentialRefusedError, WrongPasswordError
from shared.errors import UsherError
from shared.http.calls import RefusedError
from shared.leniency import text
from shared.schemas.secret import HIDDEN, Secret


class UserExistsError(RefusedError):
    """Seerr has a user with this e-mail address already."""

    status = 409
    title = "The Seerr user exists"


class _Body(msgspec.Struct, frozen=True):
    message: str = ""
    error: str = ""


class _Confidential(msgspec.Struct, frozen=True, rename="camel"):
    auth_token: str = ""
    password: str = ""


def error_of(name: str, response: httpx.Response, *, api_key: Secret) -> UsherError | None:
    """Return what a refusal of the API key, or of whom it speaks for, means; None leaves it to its status.

    Only the check of the key answers with `error` and no `message`
    (https://github.com/seerr-team/seerr, server/middleware/auth.ts).
    """
    if not response.is_client_error or is_page(response) or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return None
    body = loosely(response, _Body, otherwise=_Body())
    said = _without_secrets(text(body.message, limit=200), response.request, api_key)
    as_user = "X-API-User" in response.request.headers
    match response.status_code:
        case httpx.codes.FORBIDDEN if body.error and not said and as_user:
            return RefusedError(f"{name} knows no such user, or he may not do this", answered=403)
        case httpx.codes.FORBIDDEN if body.error and not said:
            return CredentialRefusedError(f"{name} does not accept the API key", answered=403)
        case httpx.codes.UNAUTHORIZED if not as_user:
            return CredentialRefusedError(f"{name} misses an API key", answered=401)
        case httpx.codes.FORBIDDEN if "csrf" in body.message.lower():
            return RefusedError(f"{name} refuses changes by API key: turn its CSRF protection off", answered=403)
        case httpx.codes.CONFLICT:
            return UserExistsError(f"{name} has this user already", answered=409)
        case status:
            return RefusedError(f"{name} refused: {said} ({status})", answered=status) if said else None


def _without_secrets(said: str | None, request: httpx.Request, api_key: Secret) -> str | None:
    """Return what Seerr said without what it was sent in confidence: some errors repeat the request."""
    sent = msgspec.json.decode(request.content, type=_Confidential) if request.content else _Confidential()
    for secret in (api_key.reveal(), sent.auth_token, sent.password):
        said = said.replace(secret, HIDDEN) if said and secret else said
    return said


def sign_in_error_of(name: str, response: httpx.Response) -> UsherError | None:
    """Return what a refusal of somebody's account elsewhere means; None leaves it to `error_of`."""
    match response.status_code:
        case httpx.codes.UNAUTHORIZED:
            return WrongPasswordError("The user name or the password is wrong")
        case httpx.codes.INTERNAL_SERVER_ERROR if b"login is disabled" in response.content:
            return RefusedError(f"{name} has another media server, or sign-in with it is turned off", answered=500)
        case httpx.codes.INTERNAL_SERVER_ERROR if b"Unable to authenticate" in response.content:
            return RefusedError(f"{name} could not find out whose account this is", answered=500)
        case _:
            return None
