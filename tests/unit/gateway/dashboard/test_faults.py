"""What is wrong with a field, in words for people; and names of others, which turn nothing around."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any

import msgspec
import pytest

from services.gateway.dashboard.faults import in_words
from services.gateway.dashboard.filters import shorten
from services.gateway.dashboard.texts import Texts


def fault_of(kind: Any, value: object) -> str:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.json.decode(msgspec.json.encode(value), type=kind)
    return str(refused.value)


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (Annotated[str, msgspec.Meta(min_length=12)], "a", "Mindestens 12 Zeichen sind nötig."),
        (Annotated[str, msgspec.Meta(max_length=2)], "abc", "Höchstens 2 Zeichen sind möglich."),
        (Annotated[int, msgspec.Meta(ge=0)], -1, "Mindestens 0."),
        (Annotated[int, msgspec.Meta(le=9)], 10, "Höchstens 9."),
        (int, "a", "Das muss eine ganze Zahl sein."),
        (int | None, "a", "Das muss eine ganze Zahl sein."),
        (Annotated[str, msgspec.Meta(pattern="^a$")], "b", "Das enthält Zeichen, die hier nicht möglich sind."),
        (datetime, "soon", "Das ist kein Datum."),
    ],
)
def test_what_the_checks_of_the_api_say_is_put_into_words(kind: Any, value: object, words: str) -> None:
    assert in_words(partial(Texts().say, "de"), fault_of(kind, value)) == words


def test_anything_else_becomes_a_sentence() -> None:
    assert in_words(partial(Texts().say, "en"), "the token is too old") == "The token is too old."


def test_a_name_keeps_its_letters_and_loses_what_turns_text_around() -> None:
    assert shorten("שלום \u202eevil\u2066") == "שלום evil"
