"""The path of a call for answers and logs: it may contain a webhook's secret, wherever the sender put it.

A path without a route is read as a person would read it: `//Webhooks/plex%2FSECRET` is meant for a webhook too.
"""

import re
import unicodedata
from typing import Final
from urllib.parse import unquote

from services.gateway.settings import LEAST_SECRET
from shared.logs import redact_text
from shared.schemas.secret import HIDDEN
from shared.schemas.webhook_senders import SOURCES

_WEBHOOKS: Final = "webhooks"
_SIGN: Final = "webhook"
_API: Final = re.compile(r"/api(?:/[A-Za-z0-9_.:-]+)*/?")
_SECRETS_OF_API: Final = re.compile(r"/api/webhooks/secrets(?:/[A-Za-z0-9_.:-]+)?/?")
_BETWEEN: Final = re.compile(r"[/\\;]")
_NOWHERE: Final = frozenset({"", ".", ".."})
_MOST_DECODED: Final = 8


def safe_path(path: str, *, is_route: bool = False) -> str:
    """Return a path without secrets: `/webhooks/plex` for `/webhooks/plex/SECRET`.

    Paths of the API's routes keep their ids.
    """
    plain = _plain(path)
    is_of_api = is_route and _API.fullmatch(path) is not None and _SIGN not in plain
    if is_of_api or not path or _SECRETS_OF_API.fullmatch(path):
        return redact_text(path)
    shown: list[str] = []
    parts = [part for part in _BETWEEN.split(plain) if part not in _NOWHERE]
    for position, part in enumerate(parts):
        if _SIGN in part:
            shown += [_WEBHOOKS, *(source for source in parts[position + 1 : position + 2] if source in SOURCES)]
            break
        shown.append(part if len(part) < LEAST_SECRET else HIDDEN)
        if part in SOURCES:
            break
    return redact_text("/" + "/".join(shown))


def _plain(path: str) -> str:
    """Return a path fully decoded and in lower case."""
    for _ in range(_MOST_DECODED):
        decoded = unquote(path)
        if decoded == path:
            break
        path = decoded
    return unicodedata.normalize("NFKC", path).casefold()
