"""What Discord wants at once: choices while somebody types, and forms. Asked of the service that they belong to.

Discord waits 3 s and takes no promise, so that a late answer is worth as much as none.
"""

from datetime import timedelta
from itertools import islice
from typing import Protocol

import structlog

from services.gateway.discord import messages
from shared.discord import limits
from shared.discord.cutting import cut
from shared.discord.failures import failure
from shared.discord.fitting_parts import is_id
from shared.discord.responses import Response, Suggestion, opened, shown
from shared.errors import UnavailableError, UsherError
from shared.leniency import text
from shared.schemas.interactions import Choices, OpenForm, Suggest
from shared.schemas.question import A, Question

_log = structlog.get_logger()


class Ask(Protocol):
    """Asks a service; raises what it raised, or `UnavailableError` where it does not answer in time."""

    async def __call__(self, question: Question[A], *, of: str, within: timedelta) -> A: ...


class Prompts:
    """Turns answers into what Discord takes; where there is none, into no choices, or into words."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def choices(self, service: str, question: Suggest, *, within: timedelta) -> tuple[Suggestion, ...]:
        """Return what to choose from; nothing where the service does not say it in time."""
        if within <= timedelta():
            return ()
        try:
            return tidy(await self._ask(question, of=service, within=within))
        except UsherError as exc:
            _log.warning("suggestions_failed", service=service, command=question.command, reason=exc.detail)
            return ()

    async def form(self, service: str, question: OpenForm, *, within: timedelta) -> Response:
        """Return the form, or privately why there is none."""
        try:
            if within <= timedelta():
                raise UnavailableError("no time is left")
            answer = await self._ask(question, of=service, within=within)
            return opened(answer.form)
        except UsherError as exc:
            _log.warning("form_failed", service=service, reason=exc.detail)
            is_away = isinstance(exc, UnavailableError)
            return messages.TRY_AGAIN if is_away else shown(failure(exc), ephemeral=True)


def tidy(choices: Choices) -> tuple[Suggestion, ...]:
    """Return at most 25 choices, their names cut; one whose value does not fit is left out, for it would be another."""
    named = ((cut(text(choice.name) or "", limits.CHOICE), choice.value) for choice in choices.items)
    good = (Suggestion(name, value) for name, value in named if name and is_id(value))
    return tuple(islice(good, limits.CHOICES))
