"""The part found is the one that a full parser finds, however the body is split; and nothing breaks the reader."""

import io
import itertools
import string

from hypothesis import example, given
from hypothesis import strategies as st
from multipart import MultipartParser

from services.gateway.webhooks import forms
from services.gateway.webhooks.forms import MAX_PART_HEADERS, MAX_PARTS, MultipartForm, UrlencodedForm
from shared.errors import InvalidError, TooLargeError, UnsupportedMediaTypeError, UsherError
from shared.schemas.webhook_senders import SOURCES, Source
from shared.schemas.webhooks import MAX_PAYLOAD
from tests.unit.gateway.multipart_bodies import BOUNDARY, MULTIPART, Part, multipart

TOKEN = string.ascii_letters + string.digits + "-_."
NAMES = st.sampled_from(["payload", "data", "thumb", "Payload", "payload "]) | st.text(TOKEN, max_size=10)
CONTENT = st.binary(max_size=200) | st.text(max_size=100).map(str.encode) | st.just(b"\r\n--" + BOUNDARY.encode()[:-1])
PARTS = st.builds(
    Part,
    name=NAMES,
    content=CONTENT,
    content_type=st.sampled_from([None, "application/json", "image/jpeg", "text/plain; charset=utf-8"]),
    filename=st.none() | st.text(TOKEN, max_size=12),
    headers=st.lists(
        st.tuples(
            st.text(string.ascii_letters, min_size=1, max_size=8).map("X-{}".format), st.text(TOKEN, max_size=20)
        ),
        max_size=3,
    ).map(tuple),
)
CUTS = st.lists(st.integers(0, 3000), max_size=6)


def pieces(body: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    return [body[start:end] for start, end in itertools.pairwise(edges)]


def outcome(form: forms.Form, body: bytes, cuts: list[int]) -> bytes | type[UsherError]:
    try:
        for piece in pieces(body, cuts):
            form.feed(piece)
        return form.finish()
    except (InvalidError, TooLargeError) as error:
        return type(error)


def reference(body: bytes) -> bytes | None:
    """Return the content of the first wanted part, by the parser that reads everything."""
    parser = MultipartParser(io.BytesIO(body), BOUNDARY, part_limit=MAX_PARTS, header_limit=MAX_PART_HEADERS)
    return next((part.raw for part in parser if part.name == "payload"), None)


def is_text(raw: bytes) -> bool:
    try:
        return "\x00" not in raw.decode()
    except UnicodeDecodeError:
        return False


@given(st.lists(PARTS, max_size=MAX_PARTS), CUTS)
def test_the_part_found_is_the_one_that_a_full_parser_finds(parts: list[Part], cuts: list[int]) -> None:
    body = multipart(*parts)
    expected = reference(body)

    found = outcome(MultipartForm(BOUNDARY.encode(), ("payload",)), body, cuts)

    if expected is None or not is_text(expected):
        assert found is InvalidError
    else:
        assert found == expected.removeprefix(b"\xef\xbb\xbf")


@given(st.lists(PARTS, max_size=MAX_PARTS + 2), st.lists(st.tuples(st.integers(0, 3000), st.binary(max_size=8))), CUTS)
def test_a_mutated_body_gives_an_answer_or_a_clear_refusal(
    parts: list[Part], mutations: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    body = bytearray(multipart(*parts))
    for place, replacement in mutations:
        body[place : place + len(replacement)] = replacement

    found = outcome(MultipartForm(BOUNDARY.encode(), ("payload",)), bytes(body), cuts)

    assert found in {InvalidError, TooLargeError} or (isinstance(found, bytes) and is_text(found))


@given(st.binary(max_size=2000), CUTS)
@example(b"payload=%", [])
@example(b"%=&payload", [])
def test_any_urlencoded_bytes_give_an_answer_or_a_clear_refusal(body: bytes, cuts: list[int]) -> None:
    found = outcome(UrlencodedForm(("payload",), None), body, cuts)

    assert found in {InvalidError, TooLargeError} or (isinstance(found, bytes) and is_text(found))


@given(st.sampled_from(SOURCES), st.none() | st.text(), st.none() | st.text(TOKEN + ", "), st.binary(max_size=300))
@example("plex", 'multipart/form-data; boundary="é"', None, b"")
@example("plex", "multipart/form-data; boundary=\u20ac", None, b"")
@example("plex", 'multipart/form-data; boundary="a\nb"', None, b"")
def test_any_content_type_gives_an_answer_or_a_clear_refusal(
    source: Source, content_type: str | None, encoding: str | None, body: bytes
) -> None:
    try:
        found = outcome(forms.form(source, content_type, encoding), body, [])
    except (InvalidError, UnsupportedMediaTypeError) as error:
        found = type(error)

    assert found in {InvalidError, UnsupportedMediaTypeError} or isinstance(found, bytes)


@given(st.text(TOKEN, min_size=1, max_size=40), st.text(max_size=200).map(str.encode), CUTS)
def test_every_boundary_works(boundary: str, content: bytes, cuts: list[int]) -> None:
    body = multipart(Part("payload", content), boundary=boundary)
    form = forms.form("plex", f'multipart/form-data; boundary="{boundary}"', None)

    found = outcome(form, body, cuts)

    if f"\r\n--{boundary}".encode() in content or b"\x00" in content:
        assert found in {InvalidError, content}
    else:
        assert found == content.removeprefix(b"\xef\xbb\xbf")


def test_the_limit_holds_however_the_part_is_cut() -> None:
    body = multipart(Part("payload", b"x" * (MAX_PAYLOAD + 1)))

    assert outcome(forms.form("plex", MULTIPART, None), body, []) is TooLargeError
    assert outcome(forms.form("plex", MULTIPART, None), body, [MAX_PAYLOAD, MAX_PAYLOAD + 1]) is TooLargeError
