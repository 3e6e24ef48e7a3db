"""Only what Discord signed, just now, passes; everything else is a clean no."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shared.discord.signature import verify_signature

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw().hex()
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
BODY = b'{"type":1}'
SIGNATURE = KEY.sign(STAMP.encode() + BODY).hex()


def passes(
    *, key: str = PUBLIC, timestamp: str = STAMP, body: bytes = BODY, signature: str = SIGNATURE, now: datetime = NOW
) -> bool:
    return verify_signature(key, timestamp=timestamp, body=body, signature=signature, now=now)


def test_what_discord_signed_passes() -> None:
    assert passes()


def test_hex_may_be_upper_case() -> None:
    assert passes(key=PUBLIC.upper(), signature=SIGNATURE.upper())


def test_bytes_that_are_no_text_can_be_signed() -> None:
    body = b"\xff\x00\xfe"

    assert passes(body=body, signature=KEY.sign(STAMP.encode() + body).hex())


@pytest.mark.parametrize("body", [b"", b'{"type":1} ', b'{"type":2}', BODY * 2])
def test_a_signature_is_good_for_its_own_body_only(body: bytes) -> None:
    assert not passes(body=body)


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "00",
        SIGNATURE[:-1],
        SIGNATURE[:-2],
        SIGNATURE + "00",
        SIGNATURE[2:] + SIGNATURE[:2],
        "0" * 128,
        "f" * 128,
        "g" * 128,
        SIGNATURE[:64] + " " * 64,
        " " + SIGNATURE,
        SIGNATURE + "\n",
        "é" * 128,
        "\u0660" * 128,
        "\ud800" * 128,
    ],
)
def test_a_signature_that_is_none_is_refused(signature: str) -> None:
    assert not passes(signature=signature)


@pytest.mark.parametrize(
    "timestamp",
    [
        "",
        "0",
        " " + STAMP,
        STAMP + "\n",
        "+" + STAMP,
        "-1",
        "1e9",
        STAMP + ".0",
        "9" * 12,
        "9" * 400,
        "\u0663" * 10,
        "now",
    ],
)
def test_a_time_that_is_none_is_refused(timestamp: str) -> None:
    signature = KEY.sign(timestamp.encode() + BODY).hex()

    assert not passes(timestamp=timestamp, signature=signature)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(minutes=5), True),
        (timedelta(minutes=5, seconds=1), False),
        (timedelta(minutes=-5), True),
        (timedelta(minutes=-5, seconds=-1), False),
        (timedelta(days=365), False),
    ],
)
def test_a_signature_is_good_for_five_minutes(age: timedelta, *, expected: bool) -> None:
    assert passes(now=NOW + age) is expected


@pytest.mark.parametrize("key", ["", "00", PUBLIC[:-1], PUBLIC + "00", "zz" * 32, "0" * 64, "f" * 64, " " * 64])
def test_a_key_that_is_none_lets_nothing_pass(key: str) -> None:
    assert not passes(key=key)


def test_another_applications_key_lets_nothing_pass() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw().hex()

    assert not passes(key=other)


@given(key=st.text(), timestamp=st.text(), signature=st.text(), body=st.binary())
def test_nothing_made_up_passes_or_breaks_it(key: str, timestamp: str, signature: str, body: bytes) -> None:
    assert not verify_signature(key, timestamp=timestamp, body=body, signature=signature, now=NOW)


@given(position=st.integers(0, 127), digit=st.sampled_from("0123456789abcdef"))
def test_no_changed_signature_passes(position: int, digit: str) -> None:
    changed = SIGNATURE[:position] + digit + SIGNATURE[position + 1 :]

    assert passes(signature=changed) is (changed == SIGNATURE)
