"""What is said on Discord where something is not done, by whichever service."""

from typing import Final

from shared.discord.markdown import escaped
from shared.discord.messages import Message
from shared.durations import in_words
from shared.errors import NotFoundError, TransientError, UsherError

_BROKEN: Final = Message(content="Something is wrong in Usher, and its log says what. Nothing was changed.")
_OUR_FAULT: Final = 500
_LONGEST_REASON: Final = 300


class OutdatedError(NotFoundError):
    """A command, a button or a form that this version does not know."""

    def __init__(self) -> None:
        super().__init__("this belongs to another version of Usher: /help shows what there is")


def failure(error: UsherError) -> Message:
    """Return why something was not done, and when to try again where that is of use."""
    if isinstance(error, TransientError):
        when = "a while" if error.retry_after is None else in_words(error.retry_after)
        return Message(content=f"{_sentence(error.detail)} Try again in {when}.")
    return _BROKEN if error.status == _OUR_FAULT else Message(content=_sentence(error.detail))


def _sentence(detail: str) -> str:
    text = escaped(detail.strip().rstrip("."), limit=_LONGEST_REASON) or "It did not work"
    return f"{text[:1].upper()}{text[1:]}."
