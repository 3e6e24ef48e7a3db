"""Plex answers in XML unless asked for JSON: JSON's values become attributes, and lists become elements."""

from collections.abc import Mapping
from typing import Any, Final
from xml.sax.saxutils import quoteattr

from simulators.asgi import Request, Response, json_response, text_response

_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


def wants_json(request: Request) -> bool:
    """Tell whether the client accepts JSON explicitly; `*/*` gets XML."""
    return "application/json" in request.header("accept")


def respond(request: Request, element: str, value: Any, *, status: int = 200, **headers: str) -> Response:
    """Return a response in the format that the client accepts."""
    if wants_json(request):
        return json_response(value, status, **headers)
    return xml_response(element, value, status=status, **headers)


def xml_response(element: str, value: Any, *, status: int = 200, **headers: str) -> Response:
    """Return an XML response, whatever the client accepts."""
    return text_response(_DECLARATION + to_xml(element, value), "application/xml; charset=utf-8", status, **headers)


def to_xml(element: str, value: Any) -> str:
    """Convert a value to an element of this name."""
    if isinstance(value, list):
        return f"<{element}>{''.join(to_xml(element.removesuffix('s'), each) for each in value)}</{element}>"
    if not isinstance(value, Mapping):
        return f"<{element}>{_text(value)}</{element}>"
    attributes = "".join(f" {name}={quoteattr(_text(each))}" for name, each in value.items() if _is_plain(each))
    children = "".join(_children(name, each) for name, each in value.items() if not _is_plain(each))
    return f"<{element}{attributes}>{children}</{element}>" if children else f"<{element}{attributes}/>"


def _children(name: str, value: Any) -> str:
    if isinstance(value, list) and name[:1].isupper():
        return "".join(to_xml(name, each) for each in value)
    return to_xml(name, value)


def _is_plain(value: object) -> bool:
    return not isinstance(value, Mapping | list)


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)
