"""The session cookie of browsers, and the token that proves that one of our own pages sent a change.

The CSRF token is derived from the session, so nothing more is kept; another site can neither read nor guess it.
https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
"""

import hmac
from collections.abc import Iterable
from typing import Final

from services.gateway.access import tokens

NAME: Final = "usher_session"
CSRF_HEADER: Final = b"x-csrf-token"
_PURPOSE: Final = b"csrf"


def session_in(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the session token in the cookies, if there is one."""
    found = cookies_in(headers).get(NAME)
    return found if found is not None and found.startswith(tokens.SESSION) else None


def cookies_in(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the cookies of a request, each read on its own.

    A browser also sends the cookies that other programs set on this host, on any port and in any form: one that
    nobody can read must not hide ours, as it does with `http.cookies`.
    """
    found: dict[str, str] = {}
    for name, value in headers:
        if name == b"cookie":
            for pair in value.decode("latin-1").split(";"):
                key, equals, content = pair.partition("=")
                if equals:
                    found[key.strip()] = content.strip().removeprefix('"').removesuffix('"')
    return found


def csrf_token(session: str) -> str:
    """Return the token that a session's pages send along with each change."""
    return hmac.new(session.encode(errors="surrogatepass"), _PURPOSE, "sha256").hexdigest()


def is_csrf_token(given: str, session: str) -> bool:
    """Say whether this is the session's CSRF token."""
    return hmac.compare_digest(given.encode(errors="surrogatepass"), csrf_token(session).encode())
