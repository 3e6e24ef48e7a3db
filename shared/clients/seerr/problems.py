"""What Seerr's refusals mean: it says 403 for a wrong key, and gives other reasons only in words."""

import re
from typing import Final

import httpx
import msgspec

from shared.clients.api import decode_or, is_html
from shared.clients.errors import CredentialRefusedError, WrongPasswordError
from shared.errors import UsherError
from shared.http.calls import RefusedError
from shared.leniency import text
from shared.schemas.secret import HIDDEN, Secret


class UserExistsError(RefusedError):
    """Seerr already has a user with this e-mail address."""

    status = 409
    title = "The Seerr user exists"


class CsrfProtectedError(RefusedError):
    """Seerr accepts changes from its own pages only, so none by API key."""


class ImportRefusedError(RefusedError):
    """Seerr cannot read the users of its own media server until a person fixes that; `mend` says how."""

    def __init__(self, detail: str, *, mend: str) -> None:
        super().__init__(detail, answered=500)
        self.mend = mend


_PASSES: Final = re.compile(
    r"time-?out|timed out|ECONN|ENOTFOUND|ENETUNREACH|EHOSTUNREACH|EAI_AGAIN|EPIPE|socket hang up|network error"
    r"|fetch failed|(^|status code )(408|425|429|5[0-9]{2})\b|SQLITE_BUSY|database is locked|deadlock",
    re.IGNORECASE,
)
"""What Seerr says of its own failures that end by themselves; Jellyseerr 2 begins with the status."""
_DEAD_TOKEN: Final = re.compile(r"(^|status code )(401|403|422)\b|invalid.?auth|unauthorized", re.IGNORECASE)
_SIGN_IN_AGAIN: Final = "let Seerr's owner sign in to Seerr with Plex again"
_SAVE_AGAIN: Final = "save Seerr's settings of its media server again, with a key that is valid"


class _Body(msgspec.Struct, frozen=True):
    message: str = ""
    error: str = ""


class _Confidential(msgspec.Struct, frozen=True, rename="camel"):
    auth_token: str = ""
    password: str = ""


def error_of(name: str, response: httpx.Response, *, api_key: Secret) -> UsherError | None:
    """Return the error for a refusal of the API key or of its user; None leaves it to the status.

    Only the check of the key answers with `error` and no `message` (https://github.com/seerr-team/seerr,
    server/middleware/auth.ts).
    """
    if not response.is_client_error or is_html(response) or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return None
    body = decode_or(response, _Body, otherwise=_Body())
    said = _without_secrets(text(body.message, limit=200), response.request, api_key)
    as_user = "X-API-User" in response.request.headers
    match response.status_code:
        case httpx.codes.FORBIDDEN if body.error and not said and as_user:
            return RefusedError(f"{name} has no such user, or they may not do this", answered=403)
        case httpx.codes.FORBIDDEN if body.error and not said:
            return CredentialRefusedError(f"{name} does not accept the API key", answered=403)
        case httpx.codes.UNAUTHORIZED if not as_user:
            return CredentialRefusedError(f"{name} requires an API key", answered=401)
        case httpx.codes.FORBIDDEN if "csrf" in body.message.lower():
            return CsrfProtectedError(f"{name} refuses changes by API key: turn its CSRF protection off", answered=403)
        case httpx.codes.CONFLICT:
            return UserExistsError(f"{name} has this user already", answered=409)
        case status:
            return RefusedError(f"{name} refused: {said} ({status})", answered=status) if said else None


def _without_secrets(said: str | None, request: httpx.Request, api_key: Secret) -> str | None:
    """Return Seerr's text without the secrets it was sent: some errors repeat the request."""
    sent = msgspec.json.decode(request.content, type=_Confidential) if request.content else _Confidential()
    for secret in (api_key.reveal(), sent.auth_token, sent.password):
        said = said.replace(secret, HIDDEN) if said and secret else said
    return said


class _Said(msgspec.Struct, frozen=True):
    message: str | None = None


def plex_import_error_of(name: str, response: httpx.Response, *, api_key: Secret) -> UsherError | None:
    """Return the error when Seerr cannot read its owner's Plex shares; None for temporary failures.

    Its handler reads the owner's list at plex.tv, and fails on one without an entry
    (https://github.com/seerr-team/seerr, server/routes/user/index.ts).
    """
    said = _failure(response, api_key)
    if said is None:
        return None
    if "is not iterable" in said:
        text, mend = "the owner shares nothing with anybody at Plex", "share the server with somebody at Plex"
    elif _DEAD_TOKEN.search(said):
        text, mend = "plex.tv does not accept its owner's token any more", _SIGN_IN_AGAIN
    else:
        text, mend = f"it says {said!r}", f"look at Seerr's log, or {_SIGN_IN_AGAIN}"
    return ImportRefusedError(f"{name} cannot import from Plex, because {text}", mend=mend)


def jellyfin_import_error_of(name: str, response: httpx.Response, *, api_key: Secret) -> UsherError | None:
    """Return the error when Seerr cannot read the users of its Jellyfin or Emby; None for temporary failures."""
    said = _failure(response, api_key)
    if said is None:
        return None
    text = "its key is not accepted there" if _DEAD_TOKEN.search(said) or not said else f"it says {said!r}"
    return ImportRefusedError(f"{name} cannot import from its media server, because {text}", mend=_SAVE_AGAIN)


def _failure(response: httpx.Response, api_key: Secret) -> str | None:
    """Return what Seerr's own handler says went wrong; None for a proxy's answer and for temporary failures."""
    if response.status_code != httpx.codes.INTERNAL_SERVER_ERROR or is_html(response):
        return None
    body = decode_or(response, _Said, otherwise=_Said())
    if body.message is None or _PASSES.search(body.message):
        return None
    said = _without_secrets(text(body.message, limit=200), response.request, api_key) or ""
    return said.replace(": ", ", ")  # a colon stands before how to mend it


def sign_in_error_of(name: str, response: httpx.Response) -> UsherError | None:
    """Return the error for a refused media server account; None leaves it to `error_of`."""
    match response.status_code:
        case httpx.codes.UNAUTHORIZED:
            return WrongPasswordError("The user name or the password is wrong")
        case httpx.codes.INTERNAL_SERVER_ERROR if b"login is disabled" in response.content:
            return RefusedError(f"{name} has another media server, or sign-in with it is turned off", answered=500)
        case httpx.codes.INTERNAL_SERVER_ERROR if b"Unable to authenticate" in response.content:
            return RefusedError(f"{name} could not find the owner of this account", answered=500)
        case _:
            return None
