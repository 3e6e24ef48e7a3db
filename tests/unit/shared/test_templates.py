"""JSON and texts from hand-made templates are read as they were meant."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.templates import decode, repair_json, unescape_html


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("&#28023;&#23777;", "海峡"),
        ("J&#252;rgen", "Jürgen"),
        ("L&#xe9;a &#XE9; &eacute;", "Léa é é"),
        ("Tom &amp; Jerry &lt;3", "Tom & Jerry <3"),
        ("&quot;Heat&quot; it&#x27;s it&#39;s &apos;", "\"Heat\" it's it's '"),
        ("&#55357;&#56832; &#xD83D;&#xDE00; &#128512;", "😀 😀 😀"),
        ("&amp;amp; &amp;#39;", "&amp; &#39;"),
        ("AT&T, R&D; &copyx; &; &#; &#x; &#99;", "AT&T, R&D; &copyx; &; &#; &#x; c"),
        ("&amp &#252", "&amp &#252"),
        ("lone &#55357; half", "lone � half"),
        ("&#0;&#99999999;", "��"),
        ("plain 海", "plain 海"),
        ("", ""),
    ],
)
def test_entities_are_decoded_once(text: str, expected: str) -> None:
    assert unescape_html(text) == expected


def test_json_is_read_as_it_was_meant() -> None:
    decoder = msgspec.json.Decoder(dict[str, str])

    assert decode(decoder, b'{"Overview":"a\nb\tc"}') == {"Overview": "a\nb\tc"}
    with pytest.raises(msgspec.DecodeError):
        decode(decoder, b'{"Overview":"a\nb}')


@given(st.text(), st.text())
def test_any_text_with_raw_control_characters_becomes_json(key: str, value: str) -> None:
    def raw(text: str) -> bytes:
        return text.encode(errors="replace").replace(b"\\", rb"\\").replace(b'"', rb"\"")

    read = msgspec.json.decode(repair_json(b'{"%s":"%s"}' % (raw(key), raw(value))))

    assert len(read) == 1


@given(st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner)))
def test_json_stays_as_it_is(value: object) -> None:
    payload = msgspec.json.format(msgspec.json.encode(value), indent=2)

    assert repair_json(payload) == payload


@pytest.mark.parametrize("piece", [b'"', b'\\"', b"\\", b'"\x01', b"\n", b'"\\'])
def test_hostile_text_is_gone_over_once(piece: bytes) -> None:
    once = repair_json(b'"' + piece * 60_000)

    assert repair_json(once) == once
