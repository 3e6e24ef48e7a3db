"""A trace id is the sender's if valid, otherwise new and random."""

import re

import pytest

from services.gateway.trace import trace_id, traceparent

VALID = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_the_senders_trace_goes_on() -> None:
    assert traceparent(VALID) == VALID
    assert trace_id(VALID) == "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    "presented",
    [
        None,
        "",
        "nonsense",
        VALID.upper(),
        VALID + "-extra",
        VALID + "\n",
        "ff" + VALID[2:],
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
    ],
)
def test_anything_else_gets_a_new_one(presented: str | None) -> None:
    made = traceparent(presented)

    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", made)
    assert made != traceparent(presented)
