"""Discord refuses a message whose text is too long, so none is."""

from hypothesis import given
from hypothesis import strategies as st

from shared.discord.messages import LONGEST_CONTENT, Message, fitting


def test_a_message_that_fits_stays_as_it_is() -> None:
    message = Message(content="é" * LONGEST_CONTENT)

    assert fitting(message) is message


def test_a_long_list_loses_its_last_lines() -> None:
    lines = [f"- {number:03} {'x' * 94}\n" for number in range(30)]

    cut = fitting(Message(content="".join(lines)))

    assert cut.content == "".join(lines[:19]) + "…"


@given(st.text(alphabet="a😀\n", min_size=990, max_size=2_500))
def test_whatever_is_said_fits(text: str) -> None:
    said = fitting(Message(content=text)).content

    assert 0 < len(said.encode("utf-16-le")) // 2 <= LONGEST_CONTENT
