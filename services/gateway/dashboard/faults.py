"""What is wrong with a field, in the reader's language: the API's checks speak of types and patterns."""

import re
from collections.abc import Callable
from typing import Final

from services.gateway.dashboard.filters import sentence

_KNOWN: Final = (
    (re.compile(r"Expected `str` of length >= (?P<least>\d+)"), "errors.fault_short"),
    (re.compile(r"Expected `str` of length <= (?P<most>\d+)"), "errors.fault_long"),
    (re.compile(r"Expected `int` >= (?P<least>-?\d+)"), "errors.fault_small"),
    (re.compile(r"Expected `int` <= (?P<most>-?\d+)"), "errors.fault_large"),
    (re.compile(r"Expected `int( \| null)?`, got "), "errors.fault_number"),
    (re.compile(r"Expected `str` matching regex "), "errors.fault_characters"),
    (re.compile(r"Invalid RFC3339 encoded datetime"), "errors.fault_date"),
    (re.compile(r"is wrong, or the name is$"), "session.wrong"),
)


def in_words(say: Callable[..., str], fault: str) -> str:
    """Return what is wrong as a sentence that does not need to be decoded."""
    for pattern, key in _KNOWN:
        if found := pattern.match(fault):
            return say(key, **found.groupdict())
    return sentence(fault)
