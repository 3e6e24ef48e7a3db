"""What Litestar says about bad input, in the caller's names instead of ours."""

import re
from typing import Any, Final

import msgspec
from litestar.exceptions import HTTPException
from litestar.handlers.base import BaseRouteHandler

from services.gateway import page, parameters
from shared.errors import Fault

BODY: Final = "body"
REQUEST: Final = "request"
_DATA: Final = "data"
"""Litestar's name for the decoded body."""
_FIELD: Final = re.compile(r"^Object (missing required|contains unknown) field `(.*)`$")
_PARAMETER: Final = re.compile(r"^Missing required \w+ parameter '(.+?)' for path ")
_WORDS: Final = {
    f"Expected `str` matching regex {page.NOT_BLANK!r}": "expected text that is not blank, without control characters",
    f"Expected `str` matching regex {page.NO_CONTROLS!r}": "expected text without control characters",
}
"""Patterns, for people."""


def of(error: HTTPException, handler: BaseRouteHandler | None) -> tuple[Fault, ...]:
    """Return what is wrong with the input; nothing where Litestar does not say."""
    missing = _PARAMETER.match(error.detail)
    if missing:
        return (Fault(missing[1], "is missing"),)
    entries = error.extra if isinstance(error.extra, list) else []
    return tuple(_fault(entry, handler) for entry in entries if isinstance(entry, dict))


def whole(method: str, message: str) -> tuple[Fault, ...]:
    """Return the fault of a request that is wrong as a whole."""
    return (Fault(BODY if method in {"POST", "PUT", "PATCH"} else REQUEST, message),)


def _fault(entry: dict[str, Any], handler: BaseRouteHandler | None) -> Fault:
    key, said = str(entry.get("key", "")), str(entry.get("message", ""))
    message = _WORDS.get(said, said)
    if key == _DATA and message == repr(_DATA):
        return Fault(BODY, f"a JSON body is missing: send {_expected_object(handler)}")
    if entry.get("source") != BODY:
        return Fault(_outer(key, handler), message)
    field = _FIELD.match(message)
    inside = "" if key == _DATA else key
    if field is None:
        return Fault(inside or BODY, message)
    path = f"{inside}.{field[2]}" if inside else field[2]
    return Fault(path, "is missing" if field[1].startswith("missing") else "is not known")


def _outer(key: str, handler: BaseRouteHandler | None) -> str:
    return key if handler is None else parameters.outer_names(handler).get(key, key)


def _expected_object(handler: BaseRouteHandler | None) -> str:
    """Return the object that a route expects, with its required names."""
    data = None if handler is None else handler.parsed_fn_signature.parameters.get(_DATA)
    kind = None if data is None else data.annotation
    if not isinstance(kind, type) or not issubclass(kind, msgspec.Struct):
        return "an object"
    fields = msgspec.structs.fields(kind)
    names = [field.encode_name for field in fields if field.required] or [field.encode_name for field in fields]
    return "{" + ", ".join(f'"{name}": …' for name in names) + "}"
