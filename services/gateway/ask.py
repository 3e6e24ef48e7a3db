"""How routes ask services: `await ask(ListPeople(limit=50))`."""

from datetime import timedelta

from shared.bus import questions
from shared.bus.connection import Bus
from shared.schemas.question import A, Question


class Ask:
    """Asks over the bus; raises what the service raised, or `UnavailableError` where it is away."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def __call__(self, question: Question[A], *, of: str = "", within: timedelta | None = None) -> A:
        """Return the service's answer; `of` names the service for a question that several answer."""
        return await questions.ask(self._bus, question, of=of, within=within)
