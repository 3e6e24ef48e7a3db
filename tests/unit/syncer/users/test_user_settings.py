"""Which user names are allowed, when two names are one, and what a change leaves unchanged."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from services.syncer.users.domain import LONGEST_NAME, apply_change, name_of
from shared.errors import InvalidError
from shared.owners import user_password
from shared.schemas.sealed_secret import SealedSecret
from shared.schemas.users import ChangeUserSettings, UserSettings, name_key

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SEALED = SealedSecret("p", "k", b"sealed")
ALL = UserSettings(username="anna", blocked=True, immune=True, request_limit=5, has_password=True, changed_at=NOW)


def after(before: UserSettings | None, **change: Any) -> dict[str, Any]:
    settings = apply_change(before, ChangeUserSettings(username="Anna", **change), at=NOW)
    assert (settings.username, settings.changed_at) == ("Anna", NOW)
    return {name: getattr(settings, name) for name in ("blocked", "immune", "request_limit", "has_password")}


@pytest.mark.parametrize(
    ("before", "change", "expected"),
    [
        (None, {}, (False, False, None, False)),
        (None, {"blocked": True}, (True, False, None, False)),
        (None, {"password": SEALED, "request_limit": 0}, (False, False, 0, True)),
        (ALL, {}, (True, True, 5, True)),
        (ALL, {"blocked": UNSET, "password": UNSET}, (True, True, 5, True)),
        (ALL, {"blocked": False}, (False, True, 5, True)),
        (ALL, {"blocked": None, "immune": None}, (False, False, 5, True)),
        (ALL, {"request_limit": None}, (True, True, None, True)),
        (ALL, {"request_limit": 0}, (True, True, 0, True)),
        (ALL, {"password": None}, (True, True, 5, False)),
    ],
)
def test_what_is_absent_stays_and_null_takes_away(
    before: UserSettings | None, change: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    assert tuple(after(before, **change).values()) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna", "ANNA"),
        ("anna", "  Anna\t"),
        ("Jos\u00e9", "JOSE\u0301"),
        ("stra\u00dfe", "STRASSE"),
        ("\u0391\u0394\u039f\u03a3", "\u03b1\u03b4\u03bf\u03c2"),
    ],
)
def test_two_spellings_are_one_name(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)
    assert user_password(one) == user_password(other)


@pytest.mark.parametrize(
    ("one", "other"), [("anna", "ann"), ("anna", "an na"), ("jose", "jos\u00e9"), ("fi", "\ufb01x")]
)
def test_other_names_are_others(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)
    assert user_password(one) != user_password(other)


@pytest.mark.parametrize(
    "name",
    ["", " ", "\t", ".", "..", "a/b", "a\x00b", "a\nb", "a\x7fb", "a\u2028b", "a\ud800b", "x" * (LONGEST_NAME + 1)],
)
def test_what_is_no_name_is_refused_by_its_field(name: str) -> None:
    with pytest.raises(InvalidError) as refused:
        name_of(name)

    assert [fault.path for fault in refused.value.faults] == ["username"]


@pytest.mark.parametrize(
    "name", ["a", "...", "ann@example.org", "\U0001f468\u200d\U0001f467", "x" * LONGEST_NAME, "%2e"]
)
def test_what_people_are_called_is_a_name(name: str) -> None:
    assert name_of(f" {name} ") == name


@given(st.text(max_size=120))
def test_any_text_is_refused_or_can_own_a_password(text: str) -> None:
    try:
        name = name_of(text)
    except InvalidError:
        return

    assert user_password(name) == user_password(f" {name}\n")
    assert name_key(name_key(name)) == name_key(name)
    assert "\x00" not in name_key(name)
    assert name_key(name).encode()
