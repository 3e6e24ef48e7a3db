"""Whatever a sender's JSON holds, the intended value or None comes out."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.leniency import MAX_TEXT, flag, moment, number, text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("The Matrix", "The Matrix"),
        ("  spaces  ", "spaces"),
        ("<b>1' or '1'='1</b>", "<b>1' or '1'='1</b>"),
        ("a\x00b", "a b"),
        ("a\r\n\tb", "a b"),
        ("a\x1b[31mb", "a [31mb"),
        ("\x85\u2028a", "a"),
        ("lone \ud800 surrogate", "lone   surrogate"),
        ("测试番剧 🎬", "测试番剧 🎬"),
        ("", None),
        (" \x00 ", None),
        (603, "603"),
        (True, None),
        (1.5, None),
        (10**30, None),
        (None, None),
        (["a"], None),
        ({"a": "b"}, None),
    ],
)
def test_a_text_is_one_line_that_postgres_can_store(value: object, expected: str | None) -> None:
    assert text(value) == expected


def test_a_text_is_cut_at_its_limit() -> None:
    assert text("x" * 100_000) == "x" * MAX_TEXT
    assert text("ab c", limit=3) == "ab"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5),
        ("5", 5),
        (" 05 ", 5),
        ("+5", 5),
        (5.0, 5),
        (0, 0),
        (10, 10),
        (11, None),
        (-1, None),
        ("-1", None),
        (5.5, None),
        ("5.0", None),
        ("1-3", None),
        ("\u0665", None),
        ("", None),
        ("five", None),
        (True, None),
        (float("inf"), None),
        (float("nan"), None),
        (2**70, None),
        ("9" * 50_000, None),
        ([5], None),
        (None, None),
    ],
)
def test_a_number_is_whole_and_in_range(value: object, expected: int | None) -> None:
    assert number(value, low=0, high=10) == expected


@pytest.mark.parametrize("value", [True, "True", "true", " TRUE ", 1, "1", "yes"])
def test_yes_has_many_spellings(value: object) -> None:
    assert flag(value) is True


@pytest.mark.parametrize("value", [False, "False", "false", 0, "0", "no"])
def test_no_has_many_spellings(value: object) -> None:
    assert flag(value) is False


@pytest.mark.parametrize("value", [None, "", "undefined", "{{Played}}", 2, -1, 10**400, 1.0, [True], {}])
def test_what_is_neither_yes_nor_no_is_nothing(value: object) -> None:
    assert flag(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2025-06-06T19:45:35.1750827Z", datetime(2025, 6, 6, 19, 45, 35, 175082, tzinfo=UTC)),
        ("2025-08-15T23:10:08.769802+02:00", datetime(2025, 8, 15, 21, 10, 8, 769802, tzinfo=UTC)),
        ("2025-06-06T19:45:35", datetime(2025, 6, 6, 19, 45, 35, tzinfo=UTC)),
        ("2025-06-06 19:45:35", datetime(2025, 6, 6, 19, 45, 35, tzinfo=UTC)),
        ("9999-12-31T23:59:59.9999999-12:00", datetime.max.replace(tzinfo=timezone(-timedelta(hours=12)))),
        (1749239135, datetime(2025, 6, 6, 19, 45, 35, tzinfo=UTC)),
        ("1749239135", datetime(2025, 6, 6, 19, 45, 35, tzinfo=UTC)),
        (10**17, None),
        (-5, None),
        ("2025-06-06", None),
        ("Friday, 6 June 2025 19:45", None),
        ("2025-13-45T99:99:99Z", None),
        ("-2025-06-06T19:45:35Z", None),
        ("2" * 100_000, None),
        (True, None),
        (None, None),
        ([], None),
    ],
)
def test_a_moment_is_read_in_the_spellings_of_senders(value: object, expected: datetime | None) -> None:
    assert moment(value) == expected
