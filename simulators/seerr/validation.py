"""Seerr validates every request against its API description first; this is the part that affects clients.

It refuses unknown query parameters, unencoded reserved characters, and bodies of other types than described. Unknown
fields of a body pass.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from simulators.asgi import Request
from simulators.seerr.refusals import invalid, unfit

_RESERVED: Final = re.compile(r"[:/?#\[\]@!$&'()*+,;=]")

_CHECKS: Final[dict[str, Callable[[Any], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "array of strings": lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value),
}

QUOTA: Final = "number?"
MAIN: Final = {
    "username": "string?",
    "email": "string",
    "discordId": "string?",
    "locale": "string?",
    "discoverRegion": "string?",
    "streamingRegion": "string?",
    "originalLanguage": "string?",
    "movieQuotaLimit": QUOTA,
    "movieQuotaDays": QUOTA,
    "tvQuotaLimit": QUOTA,
    "tvQuotaDays": QUOTA,
    "watchlistSyncMovies": "boolean?",
    "watchlistSyncTv": "boolean?",
}
NOTIFICATIONS: Final = {
    "notificationTypes": "object",
    "pgpKey": "string?",
    "discordId": "string?",
    "pushbulletAccessToken": "string?",
    "pushoverApplicationToken": "string?",
    "pushoverUserKey": "string?",
    "pushoverSound": "string?",
    "telegramChatId": "string?",
    "telegramMessageThreadId": "string?",
    "telegramSendSilently": "boolean?",
}
READ_ONLY: Final = frozenset(
    {"id", "email", "plexUsername", "plexToken", "jellyfinAuthToken", "userType", "avatar", "createdAt", "updatedAt"}
    | {"requestCount"}
)


def check_query(request: Request, allowed: frozenset[str]) -> None:
    """Refuse unknown or unencoded parameters; raises `RefusedError`."""
    for part in filter(None, request.query_string.split("&")):
        name, _, raw = part.partition("=")
        if name not in allowed:
            raise unfit(f"/query/{name}", f"Unknown query parameter '{name}'")
        if _RESERVED.search(raw):
            reason = "must be url encoded. Its value may not contain reserved characters."
            raise unfit(f"/query/{name}", f"Parameter '{name}' {reason}")


def number_of(request: Request, name: str, default: int) -> int:
    """Return a number from the query; raises `RefusedError` if it is not one."""
    raw = request.query.get(name, str(default))
    try:
        return int(float(raw))
    except ValueError:
        raise invalid(f"/query/{name}", "must be number", code="type") from None


def body_of(request: Request, fields: Mapping[str, str], *, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the body as described; a field's type ends in `?` if it may be null. Raises `RefusedError`."""
    kind = request.header("content-type")
    if not kind.startswith("application/json"):
        raise unfit(request.path, f"unsupported media type {kind or 'undefined'}", status=415)
    body = _decode(request)
    for name in required:
        if name not in body:
            message = f"must have required property '{name}'"
            raise invalid(f"/body/{name}", message, code="required")
    for name, kind in fields.items():
        if name in body and not _fits(body[name], kind):
            message = f"must be {kind.removesuffix('?')}"
            raise invalid(f"/body/{name}", message, code="type")
    return body


def refuse_read_only(body: Mapping[str, Any]) -> None:
    """Refuse read-only fields; raises `RefusedError`."""
    for name in READ_ONLY & body.keys():
        raise invalid(f"/body/{name}", "is read-only", code="readOnly")


def _decode(request: Request) -> dict[str, Any]:
    try:
        body = request.json()
    except msgspec.DecodeError as exc:
        raise unfit(request.path, f"Unexpected token in JSON: {exc}") from exc
    if not isinstance(body, dict):
        raise invalid("/body", "must be object", code="type")
    return body


def _fits(value: object, kind: str) -> bool:
    if value is None:
        return kind.endswith("?")
    return _CHECKS[kind.removesuffix("?")](value)
