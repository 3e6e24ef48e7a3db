"""What lists take from an address, whatever stands there."""

import pytest

from services.gateway.dashboard.listing import offset_of, search_of
from services.gateway.page import MAX_OFFSET, MAX_SEARCH


@pytest.mark.parametrize(
    ("text", "search"),
    [
        ("", None),
        ("  ", None),
        ("\x00\n", None),
        (" ada ", "ada"),
        ("a\x00d\x7fa", "ada"),
        ("a" * 9999, "a" * MAX_SEARCH),
    ],
)
def test_a_search_is_what_the_api_takes(text: str, search: str | None) -> None:
    assert search_of(text) == search


@pytest.mark.parametrize(
    ("text", "offset"),
    [("", 0), ("50", 50), ("-1", 0), ("1.5", 0), ("²", 0), ("9" * 8, MAX_OFFSET), ("9" * 5000, 0), ("<b>", 0)],
)
def test_an_offset_is_a_number_that_the_api_takes(text: str, offset: int) -> None:
    assert offset_of(text) == offset
