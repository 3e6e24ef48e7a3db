"""What to choose from while somebody types: asked of the service whose command it is, and nothing where it fails.

Discord waits 3 s and takes no promise, so that a late answer is worth as much as none.
"""

from datetime import timedelta
from itertools import islice
from typing import Final

import structlog

from shared.bus.connection import Bus
from shared.bus.questions import ask
from shared.clients.discord.replies import Suggestion
from shared.errors import UsherError
from shared.leniency import text
from shared.schemas.interactions import Choices, Suggest

MOST: Final = 25
LONGEST: Final = 100

_log = structlog.get_logger()


class Suggestions:
    """Asks over the bus."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def __call__(self, service: str, question: Suggest, *, within: timedelta) -> tuple[Suggestion, ...]:
        """Return choices, as Discord takes them; none where the service cannot say any in time."""
        if within <= timedelta():
            return ()
        try:
            return tidy(await ask(self._bus, question, of=service, within=within))
        except UsherError as exc:
            _log.warning("suggestions_failed", service=service, command=question.command, reason=exc.detail)
            return ()


def tidy(choices: Choices) -> tuple[Suggestion, ...]:
    """Return at most 25 choices, their names cut; one whose value does not fit is left out, for it would be another."""
    named = ((text(choice.name, limit=LONGEST), choice.value) for choice in choices.items)
    good = (Suggestion(name, value) for name, value in named if name and 0 < len(value) <= LONGEST)
    return tuple(islice(good, MOST))
