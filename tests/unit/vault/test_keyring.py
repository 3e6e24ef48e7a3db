"""Keys, and what sealing with them guarantees."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidError
from shared.keyring import (
    LONGEST_SECRET,
    Keyring,
    MissingKeyError,
    Owner,
    Sealed,
    TamperedError,
    new_key,
    seal,
    unseal,
)
from shared.schemas.secret import Secret
from shared.settings import SettingsError

OLD, NEW = new_key("k1"), new_key("k2")
RING = Keyring.parse(OLD)
ALICE = Owner(kind="person", id="alice", provider="trakt", purpose="refresh_token")
MALLORY = Owner(kind="person", id="mallory", provider="trakt", purpose="refresh_token")
TOKEN = Secret("canary-token-0815")

PRINTABLE = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40)
OWNERS = st.builds(Owner, kind=PRINTABLE, id=PRINTABLE, provider=PRINTABLE, purpose=PRINTABLE)


def ring(*keys: Secret) -> Keyring:
    return Keyring.parse(Secret(",".join(key.reveal() for key in keys)))


def test_the_first_key_seals_and_all_open() -> None:
    before = seal(ALICE, TOKEN, ring(OLD))
    both = ring(NEW, OLD)

    after = seal(ALICE, TOKEN, both)

    assert (before.key_id, after.key_id) == ("k1", "k2")
    assert unseal(ALICE, before, both) == unseal(ALICE, after, both) == TOKEN


def test_the_same_secret_never_looks_the_same_twice() -> None:
    assert len({seal(ALICE, TOKEN, RING).data for _ in range(100)}) == 100


def test_what_is_stored_does_not_hold_the_secret() -> None:
    assert TOKEN.reveal().encode() not in seal(ALICE, TOKEN, RING).data


def test_the_format_is_version_nonce_ciphertext_and_tag() -> None:
    data = seal(ALICE, TOKEN, RING).data

    assert data[0] == 1
    assert len(data) == 1 + 12 + len(TOKEN.reveal()) + 16


def test_a_secret_copied_onto_another_owner_does_not_open() -> None:
    sealed = seal(ALICE, TOKEN, RING)

    with pytest.raises(TamperedError, match="refresh_token of person mallory for trakt"):
        unseal(MALLORY, sealed, RING)


def test_the_parts_of_an_owner_cannot_be_shifted() -> None:
    one = Owner(kind="person", id="a", provider="bc", purpose="token")
    other = Owner(kind="person", id="ab", provider="c", purpose="token")

    with pytest.raises(TamperedError):
        unseal(other, seal(one, TOKEN, RING), RING)


@given(OWNERS, OWNERS, st.text(max_size=200))
def test_a_secret_opens_for_its_owner_and_no_other(owner: Owner, other: Owner, text: str) -> None:
    sealed = seal(owner, Secret(text), RING)

    assert unseal(owner, sealed, RING).reveal() == text
    if other != owner:
        with pytest.raises(TamperedError):
            unseal(other, sealed, RING)


@given(st.integers(min_value=0), st.integers(1, 255))
def test_one_changed_byte_does_not_open(position: int, change: int) -> None:
    data = bytearray(seal(ALICE, TOKEN, RING).data)
    data[position % len(data)] ^= change

    with pytest.raises(TamperedError):
        unseal(ALICE, Sealed("k1", bytes(data)), RING)


@given(st.integers(min_value=0), st.binary(max_size=20))
def test_cut_or_prolonged_data_does_not_open(length: int, more: bytes) -> None:
    data = seal(ALICE, TOKEN, RING).data
    changed = data[: length % (len(data) + 1)] + more

    if changed != data:
        with pytest.raises(TamperedError):
            unseal(ALICE, Sealed("k1", changed), RING)


@given(st.binary(max_size=100))
def test_any_bytes_are_tampered(data: bytes) -> None:
    with pytest.raises(TamperedError):
        unseal(ALICE, Sealed("k1", data), RING)


def test_another_key_of_the_same_id_does_not_open() -> None:
    with pytest.raises(TamperedError):
        unseal(ALICE, seal(ALICE, TOKEN, RING), ring(new_key("k1")))


def test_the_same_key_under_another_id_does_not_open() -> None:
    renamed = Keyring.parse(Secret(OLD.reveal().replace("k1:", "k9:")))
    sealed = seal(ALICE, TOKEN, RING)

    with pytest.raises(TamperedError):
        unseal(ALICE, Sealed("k9", sealed.data), renamed)


def test_a_missing_key_is_named() -> None:
    with pytest.raises(MissingKeyError, match="The encryption key k1 is in use but not in USHER_ENCRYPTION_KEYS"):
        unseal(ALICE, seal(ALICE, TOKEN, RING), ring(NEW))


def test_empty_and_longest_secrets_are_kept_and_longer_ones_refused() -> None:
    for length in (0, LONGEST_SECRET):
        secret = Secret("x" * length)
        assert unseal(ALICE, seal(ALICE, secret, RING), RING) == secret

    with pytest.raises(InvalidError):
        seal(ALICE, Secret("x" * (LONGEST_SECRET + 1)), RING)


def test_half_a_surrogate_survives() -> None:
    secret = Secret("\ud800")

    assert unseal(ALICE, seal(ALICE, secret, RING), RING).reveal() == "\ud800"


@pytest.mark.parametrize("part", ["", "x" * 201, "a\x00b", "a\nb", "\ud800", "a\u202eb"])
def test_an_owner_is_printable(part: str) -> None:
    with pytest.raises(InvalidError):
        Owner(kind="person", id=part, provider="trakt", purpose="token")


def test_a_keyring_shows_its_ids_only() -> None:
    both = ring(NEW, OLD)

    assert repr(both) == str(both) == "Keyring(k2, k1)"
    assert both.ids == ("k2", "k1")


def test_spaces_and_lines_between_keys_do_not_matter() -> None:
    assert Keyring.parse(Secret(f" {NEW.reveal()} ,\n{OLD.reveal()}\n")).ids == ("k2", "k1")


KEY = base64.b64encode(bytes(range(32))).decode()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "key 1 is not id:base64"),
        (",", "key 1 is not id:base64"),
        (KEY, "key 1 is not id:base64"),
        (f":{KEY}", "key 1 is not id:base64"),
        (f"k 1:{KEY}", "key 1 is not id:base64"),
        (f"{'k' * 33}:{KEY}", "key 1 is not id:base64"),
        (f"k1:{KEY},", "key 2 is not id:base64"),
        (f"k1:{KEY},{KEY}", "key 2 is not id:base64"),
        (f"k1:{KEY},k1:{base64.b64encode(bytes(range(1, 33))).decode()}", "the id k1 appears twice"),
        (f"k1:{KEY[:-2]}!=", "the key k1 is not valid base64"),
        (f"k1:{KEY[:-1]}", "the key k1 is not valid base64"),
        (f"k1:k2:{KEY}", "the key k1 is not valid base64"),
        ("k1:é", "the key k1 is not valid base64"),
        (f"k1:{base64.b64encode(bytes(range(16))).decode()}", "the key k1 has 16 bytes, expected 32"),
        (f"k1:{base64.b64encode(bytes(range(64))).decode()}", "the key k1 has 64 bytes, expected 32"),
        ("k1:", "the key k1 has 0 bytes, expected 32"),
        ("k1:" + "A" * 43 + "=", "the key k1 is an example"),
    ],
)
def test_a_malformed_keyring_says_what_is_wrong_and_never_the_value(text: str, says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Keyring.parse(Secret(text))

    assert refused.value.detail.startswith("USHER_ENCRYPTION_KEYS: ")
    assert says in refused.value.detail
    assert KEY[:8] not in refused.value.detail


@given(st.text(max_size=100))
def test_any_text_is_a_keyring_or_a_settings_error(text: str) -> None:
    try:
        outcome: object = Keyring.parse(Secret(text))
    except SettingsError as refused:
        outcome = refused

    assert isinstance(outcome, Keyring | SettingsError)


def test_a_new_key_is_a_keyring_of_its_own() -> None:
    assert Keyring.parse(new_key("k7")).ids == ("k7",)
    assert new_key("k7") != new_key("k7")
