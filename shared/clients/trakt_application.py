"""Trakt's refusals that are about the application, and not about a person.

Since 2026-07 only accounts with VIP keep applications of their own, and those of others are gone: 403 on all calls
(https://github.com/trakt/trakt-api/issues/897). Cloudflare in front of Trakt answers 403 as well, with a page.
"""

from typing import Final

import httpx
import msgspec

from shared.clients.api import decode_or, is_html
from shared.clients.errors import CredentialRefusedError
from shared.errors import UsherError
from shared.http.calls import FailingError, RefusedError

APPLICATIONS: Final = "https://app.trakt.tv/settings/apps/api"

_SHIELDED: Final = frozenset({httpx.codes.OK, httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND})
_UPGRADE: Final = 426
_MEND: Final = f"look at {APPLICATIONS}, and set TRAKT_CLIENT_ID and TRAKT_CLIENT_SECRET to one that is there"


class OAuthError(msgspec.Struct, frozen=True):
    """The body of a refusal of the OAuth host."""

    error: str | None = None


def refusal(name: str, response: httpx.Response) -> UsherError | None:
    """Return the error for an answer that concerns all calls, with what to do; None for any other answer."""
    status = response.status_code
    # a 403 page without x-runtime is Cloudflare's: https://github.com/trakt/trakt-api/issues/939
    if is_html(response) and "x-runtime" not in response.headers and status in _SHIELDED:
        return FailingError(
            f"{name} is blocking us at the moment ({status}): Cloudflare in front of it does not let this host "
            "through; this usually passes by itself, otherwise the cause is the address that Usher calls from"
        )
    match status:
        case _ if status == _UPGRADE or (status == httpx.codes.FORBIDDEN and _names_vip(response)):
            return RefusedError(
                f"{name} requires VIP for this ({status}): the application's owner needs it", answered=status
            )
        case httpx.codes.FORBIDDEN:
            text = f"{name} refuses the application (403): it was deleted, as those of accounts without VIP are"
            return RefusedError(f"{text}; {_MEND}", answered=status)
        case _:
            return None


def application_refusal(response: httpx.Response) -> UsherError | None:
    """Return the error if the OAuth host does not know the application, or has another secret for it; else None."""
    if response.status_code not in {httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED}:
        return None
    if decode_or(response, OAuthError, otherwise=OAuthError()).error in {"invalid_client", "unauthorized_client"}:
        text = "Trakt does not accept the application's id and secret: they are wrong, or it was deleted"
        return CredentialRefusedError(f"{text}; {_MEND}", answered=response.status_code)
    return None


def _names_vip(response: httpx.Response) -> bool:
    return "x-upgrade-url" in response.headers or b"vip" in response.content.lower()
