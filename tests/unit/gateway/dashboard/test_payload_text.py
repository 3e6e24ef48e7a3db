"""What of a payload a page shows."""

from typing import Any

import pytest

from services.gateway.dashboard.payload_text import MOST, payload_text


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ({"a": [1, "ü"]}, '{\n  "a": [\n    1,\n    "ü"\n  ]\n}'),
        ("as it came", "as it came"),
        (None, "null"),
        ([], "[]"),
    ],
)
def test_a_small_payload_is_shown_whole(payload: Any, text: str) -> None:
    shown = payload_text(payload)

    assert (shown.text, shown.is_whole) == (text, True)


@pytest.mark.parametrize("payload", ["x" * (MOST + 1), ["x" * MOST], list(range(1_000_000))])
def test_a_huge_payload_is_cut(payload: Any) -> None:
    shown = payload_text(payload)

    assert (len(shown.text), shown.is_whole) == (MOST, False)


def test_a_deep_payload_is_cut_before_its_depth_matters() -> None:
    nested: list[Any] = []
    for _ in range(50_000):
        nested = [nested]

    assert len(payload_text(nested).text) == MOST
