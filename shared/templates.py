r"""What hand-written templates make of JSON: broken strings, and texts escaped for HTML.

Jellyfin's webhook plug-in fills in templates with Handlebars.Net, which knows nothing of JSON. A line break in a value
ends up in the middle of a string, `{{Name}}` comes with HTML entities, and a quote, which the plug-in has escaped
before, comes as `\&quot;`. https://github.com/jellyfin/jellyfin-plugin-webhook/issues/217, /144
"""

import re
from html import unescape
from html.entities import html5
from typing import Final, TypeVar

import msgspec

T = TypeVar("T")

_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\x00-\x08\x0b\x0c\x0e-\x1f]', re.DOTALL)
"""A string, whether it ends or not, or outside of one what is no white space. It never goes back: input is hostile."""

_BROKEN: Final = re.compile(rb"\\(&quot;)|\\[^\x00-\x1f]|(\\?)([\x00-\x1f])")
_ESCAPES: Final = {b"\n": rb"\n", b"\r": rb"\r", b"\t": rb"\t"}

_ENTITY: Final = re.compile(r"&(?:#([0-9]{1,8})|#[xX]([0-9a-fA-F]{1,8})|([a-zA-Z][a-zA-Z0-9]{1,31}));")
_SURROGATES: Final = range(0xD800, 0xE000)


def decode(decoder: msgspec.json.Decoder[T], payload: bytes) -> T:
    """Return what JSON holds, also JSON that has to be mended first; raises what the decoder raises."""
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        return decoder.decode(repair_json(payload))


def repair_json(payload: bytes) -> bytes:
    """Return JSON without raw control characters: escaped in strings, spaces elsewhere. All else stays as it is."""
    return _STRING.sub(_repair, payload)


def unescape_html(text: str) -> str:
    """Return a text with the HTML entities in it decoded once: decimal, hexadecimal and named.

    Handlebars.Net writes each half of a pair of surrogates as an entity of its own.
    """
    if "&" not in text:
        return text
    plain = _ENTITY.sub(_character, text)
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _repair(found: re.Match[bytes]) -> bytes:
    string = found[0]
    return _BROKEN.sub(_escape, string) if string.startswith(b'"') else b" "


def _escape(found: re.Match[bytes]) -> bytes:
    quote, backslash, control = found.groups()
    if quote:
        return bytes(quote)
    if control is None:
        return found[0]
    return backslash * 2 + _ESCAPES.get(control, b" ")


def _character(found: re.Match[str]) -> str:
    decimal, hexadecimal, name = found.groups()
    if name:
        return html5.get(f"{name};", found[0])
    code = int(decimal) if decimal else int(hexadecimal, 16)
    return chr(code) if code in _SURROGATES else unescape(found[0])
