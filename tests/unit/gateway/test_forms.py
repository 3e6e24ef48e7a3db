"""The sender's JSON is found in every encoding that senders use, and anything else is refused."""

import pytest

from services.gateway.webhooks import forms
from services.gateway.webhooks.forms import MAX_PART_HEADER, MultipartForm
from shared.errors import InvalidError, TooLargeError, UnsupportedMediaTypeError
from shared.schemas.webhook_senders import SOURCES, Source
from shared.schemas.webhooks import MAX_PAYLOAD
from tests.unit.gateway.multipart_bodies import BOUNDARY, MULTIPART, Part, multipart

JSON = b'{"event":"media.play","Metadata":{"title":"Am\xc3\xa9lie & 100%+"}}'
URLENCODED = "application/x-www-form-urlencoded"


def extract(source: Source, content_type: str | None, *pieces: bytes, encoding: str | None = None) -> bytes:
    form = forms.form(source, content_type, encoding)
    for piece in pieces:
        form.feed(piece)
    return form.finish()


@pytest.mark.parametrize(
    "parts",
    [
        [Part("payload", JSON, content_type="application/json")],
        [Part("payload", JSON)],
        [Part("payload", JSON, content_type="application/json", filename="payload.json")],
        [Part("payload", JSON), Part("thumb", b"\xff\xd8" * 9000, content_type="image/jpeg", filename="thumb.jpg")],
        [Part("thumb", b"\xff\xd8" * 9000, content_type="image/jpeg", filename="thumb.jpg"), Part("payload", JSON)],
        [Part("payload", JSON), Part("payload", b"{}")],
        [Part("data", b"{}"), Part("payload", JSON)],
    ],
)
def test_plex_sends_its_payload_as_one_part_of_several(parts: list[Part]) -> None:
    assert extract("plex", MULTIPART, multipart(*parts)) == JSON


def test_emby_sends_its_data_as_a_part() -> None:
    assert extract("emby", MULTIPART, multipart(Part("data", JSON))) == JSON


@pytest.mark.parametrize(("source", "field"), [("plex", "payload"), ("emby", "data"), ("jellyfin", "payload")])
def test_a_form_field_holds_the_json(source: Source, field: str) -> None:
    quoted = "".join(f"%{byte:02X}" if chr(byte) in "&%+=" or byte > 127 else chr(byte) for byte in JSON)

    assert extract(source, URLENCODED, f"a=b&{field}={quoted}&c=d".encode().replace(b" ", b"+")) == JSON


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_plain_json_is_taken_from_every_source(source: Source, content_type: str) -> None:
    assert extract(source, content_type, JSON[:7], JSON[7:]) == JSON


@pytest.mark.parametrize("source", ["jellyfin", "seerr", "tautulli"])
@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", "text/plain; charset=utf-8", "image/png", "nonsense;"]
)
def test_json_under_whatever_name_is_taken_from_those_who_are_careless(
    source: Source, content_type: str | None
) -> None:
    assert extract(source, content_type, JSON) == JSON


@pytest.mark.parametrize("source", SOURCES)
def test_json_called_a_form_is_json_all_the_same(source: Source) -> None:
    assert extract(source, URLENCODED, b"  " + JSON) == b"  " + JSON


@pytest.mark.parametrize("source", ["plex", "emby"])
@pytest.mark.parametrize("content_type", [None, "text/plain", "application/xml", "image/jpeg", "multipart/mixed"])
def test_other_types_are_not_read_from_those_who_say_what_they_send(source: Source, content_type: str | None) -> None:
    with pytest.raises(UnsupportedMediaTypeError, match=f"{source} webhooks come as"):
        extract(source, content_type, JSON)


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip"])
def test_compressed_bodies_are_not_read(encoding: str) -> None:
    with pytest.raises(UnsupportedMediaTypeError):
        extract("seerr", "application/json", JSON, encoding=encoding)


def test_identity_is_no_compression() -> None:
    assert extract("seerr", "application/json", JSON, encoding="identity") == JSON


def test_a_body_without_the_part_is_told_what_was_expected() -> None:
    with pytest.raises(InvalidError, match="a part named payload"):
        extract("plex", MULTIPART, multipart(Part("thumb", b"\xff\xd8")))


def test_a_form_without_the_field_is_told_what_was_expected() -> None:
    with pytest.raises(InvalidError, match="a field named data"):
        extract("emby", URLENCODED, b"payload={}")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("content_type", [MULTIPART, URLENCODED])
def test_an_empty_form_is_invalid(source: Source, content_type: str) -> None:
    with pytest.raises(InvalidError, match="expected a"):
        extract(source, content_type, b"")


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; boundary=" + "b" * 71,
    ],
)
def test_a_boundary_has_one_to_seventy_characters(content_type: str) -> None:
    with pytest.raises(InvalidError, match="boundary"):
        extract("plex", content_type, multipart(Part("payload", JSON)))


@pytest.mark.parametrize(
    "body",
    [
        b"no multipart at all",
        JSON,
        multipart(Part("payload", JSON))[:80],
        multipart(Part("payload", JSON))[:-10],
        multipart(Part("payload", JSON)).replace(b"\r\n", b"\n"),
        multipart(*[Part(f"part{number}", b"") for number in range(1000)], Part("payload", JSON)),
        multipart(Part("payload", JSON, headers=tuple((f"X-{number}", "y") for number in range(9)))),
        multipart(Part("payload", JSON, headers=(("X", "y" * MAX_PART_HEADER),))),
        multipart(Part("payload", JSON, headers=(("Content-Length", "3"),))),
        multipart(Part("payload", JSON)).replace(b"form-data", b"attachment"),
        b"--" + BOUNDARY.encode() + b"\r\n\r\n" + JSON,
        b"--" + BOUNDARY.encode() + b"--\r\n",
        b"--" + BOUNDARY.encode() + b"\r\n" + b"x" * 100_000,
    ],
)
def test_a_broken_multipart_body_is_invalid(body: bytes) -> None:
    with pytest.raises(InvalidError):
        extract("plex", MULTIPART, body)


def test_the_picture_is_not_kept() -> None:
    form = MultipartForm(BOUNDARY.encode(), ("payload",))
    body = multipart(Part("payload", JSON), Part("thumb", b"\xff" * 3_000_000))
    form.feed(body[:1000])

    for start in range(1000, len(body), 65536):
        form.feed(body[start : start + 65536])

    assert form.finish() == JSON
    assert sum(map(len, kept_bytes(form))) < 2000


def kept_bytes(form: MultipartForm) -> list[bytes]:
    """Return all bytes that can be reached from a form, however deep."""
    found: list[bytes] = []
    seen: set[int] = set()
    open_: list[object] = [vars(form)]
    while open_:
        each = open_.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        match each:
            case bytes():
                found.append(each)
            case dict():
                open_ += each.values()
            case list() | tuple():
                open_ += each
            case _ if hasattr(each, "__dict__"):
                open_.append(vars(each))
    return found


def test_a_part_over_the_limit_is_too_large_and_not_kept() -> None:
    form = MultipartForm(BOUNDARY.encode(), ("payload",))
    body = multipart(Part("payload", b"x" * (MAX_PAYLOAD + 1)), Part("payload", JSON))

    for start in range(0, len(body), 1024):
        form.feed(body[start : start + 1024])

    with pytest.raises(TooLargeError):
        form.finish()


def test_a_part_of_exactly_the_limit_is_taken() -> None:
    assert extract("plex", MULTIPART, multipart(Part("payload", b"x" * MAX_PAYLOAD))) == b"x" * MAX_PAYLOAD


def test_only_the_first_fields_are_looked_at() -> None:
    with pytest.raises(InvalidError):
        extract("plex", URLENCODED, b"a=b&" * 100 + b"payload=" + JSON)
