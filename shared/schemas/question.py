"""What all questions have in common: the service that answers, the answer's type, and the time it may take.

`class ListPeople(Question[PersonPage], service="linker", tag="people.list", …)`: callers name neither the service nor
the answer, and mypy checks both sides.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar, get_args

import msgspec

A = TypeVar("A", bound=msgspec.Struct)


class Answer(NamedTuple):
    """A question's type and the function that answers it; made by `Question.answered_by`."""

    question: "type[Question[Any]]"
    answer: Callable[[Any], Awaitable[msgspec.Struct]]


class _QuestionMeta(msgspec.StructMeta):
    """Takes the keyword `service` of a class, and the answer's type out of its bases."""

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], service: str | None = None, **config: Any
    ) -> Any:
        """Make the class."""
        question: Any = super().__new__(cls, name, bases, namespace, **config)
        if service is not None:
            question.service = service
        for base in namespace.get("__orig_bases__", ()):
            found = [each for each in get_args(base) if isinstance(each, type)]
            question.answer = found[0] if found else question.answer
        return question


class Question(msgspec.Struct, Generic[A], metaclass=_QuestionMeta, frozen=True, kw_only=True, tag_field="ask"):
    """A question to a service; the service and the tag `noun.verb` make up its subject."""

    service: ClassVar[str] = ""
    """The service that answers; empty for a question that several services answer: then the caller names one."""
    answer: ClassVar[type[msgspec.Struct]] = msgspec.Struct
    answered_within: ClassVar[timedelta] = timedelta(seconds=2.5)
    """How long answering may take; more for questions that need calls to other systems."""

    def __init_subclass__(cls, *, service: str = "", **config: Any) -> None:
        """Declare the keyword of the metaclass to type checkers."""
        super().__init_subclass__(**config)

    @classmethod
    def answered_by(cls, answer: Callable[[Self], Awaitable[A]]) -> Answer:
        """Return this question with its answering function, for `Service.answer`."""
        return Answer(cls, answer)
