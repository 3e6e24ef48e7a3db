"""The person that a credential belongs to, as the linker knows them at this moment.

Whoever was merged into another person is that person from then on, and so is their key.
"""

from services.gateway.ask import Ask
from shared.errors import Fault, ForbiddenError, InvalidError, NotFoundError
from shared.schemas.people import FindPerson


class Persons:
    """Asks the linker each time; raises `UnavailableError` where it is away."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def current(self, person_id: str) -> str:
        """Return the id that the person of a credential has now; raises `ForbiddenError` for one who is gone."""
        try:
            return (await self._ask(FindPerson(person_id=person_id))).id
        except NotFoundError as exc:
            raise ForbiddenError("the person whom this credential belongs to is not known any more") from exc

    async def chosen(self, person_id: str) -> str:
        """Return the id to keep for a new credential; raises `InvalidError` for an unknown person."""
        try:
            return (await self._ask(FindPerson(person_id=person_id))).id
        except NotFoundError as exc:
            fault = Fault("person_id", "is no person's: GET /api/people lists them")
            raise InvalidError("there is no such person", faults=(fault,)) from exc
