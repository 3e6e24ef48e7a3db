"""Whatever encoding a sender declares, UTF-8 comes out, and UTF-8 comes out unchanged."""

import codecs

import pytest

from services.gateway.webhooks.text import utf8
from shared.errors import InvalidError

JSON = '{"title":"Amélie, 天使"}'


@pytest.mark.parametrize(
    ("raw", "charset"),
    [
        (JSON.encode(), None),
        (JSON.encode(), "utf-8"),
        (JSON.encode(), "UTF-8"),
        (JSON.encode(), "iso-8859-1"),
        (JSON.encode(), "no-such-charset"),
        (codecs.BOM_UTF8 + JSON.encode(), None),
        (JSON.encode("utf-16-le"), "utf-16le"),
        (JSON.encode("utf-16"), "utf-16"),
        (JSON.encode("utf-16"), None),
        (codecs.BOM_UTF16_BE + JSON.encode("utf-16-be"), "utf-8"),
    ],
)
def test_text_comes_out_as_utf8(raw: bytes, charset: str | None) -> None:
    assert utf8(raw, charset) == JSON.encode()


def test_latin1_is_believed_where_the_bytes_are_not_utf8() -> None:
    assert utf8('{"title":"Amélie"}'.encode("latin-1"), "ISO-8859-1") == '{"title":"Amélie"}'.encode()


@pytest.mark.parametrize("charset", [None, "utf-8", "idna", "zlib", "undefined"])
def test_bytes_that_are_no_text_are_invalid(charset: str | None) -> None:
    with pytest.raises(InvalidError, match="not valid utf-8"):
        utf8(b'{"title":"\xff"}', charset)


@pytest.mark.parametrize("raw", [b'{"a":"\x00"}', b"\x00{}", b"{}\x00", "{}\x00".encode("utf-16")])
def test_nul_is_invalid(raw: bytes) -> None:
    with pytest.raises(InvalidError, match="NUL"):
        utf8(raw, None)


def test_half_a_utf16_character_is_invalid() -> None:
    with pytest.raises(InvalidError):
        utf8(codecs.BOM_UTF16_LE + b"{\x00}", None)
