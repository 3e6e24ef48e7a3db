"""The person that a credential belongs to, as the linker knows them now.

A person who was merged into another one is that person from then on, and so is their key.
"""

from services.gateway.ask import Ask
from shared.errors import Fault, ForbiddenError, InvalidError, NotFoundError
from shared.schemas.people import FindPerson, Person


class Persons:
    """Asks the linker each time; raises `UnavailableError` where it is away."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def current(self, person_id: str) -> Person:
        """Return who a credential's person is now; raises `ForbiddenError` where there is no such person."""
        try:
            return await self._ask(FindPerson(person_id=person_id))
        except NotFoundError as exc:
            raise ForbiddenError("the person of this credential is not known any more") from exc

    async def known_id(self, person_id: str) -> str:
        """Return the id to keep for a new credential; raises `InvalidError` for an unknown person."""
        try:
            return (await self._ask(FindPerson(person_id=person_id))).id
        except NotFoundError as exc:
            fault = Fault("person_id", "no person has this id: GET /api/people lists them")
            raise InvalidError("there is no such person", faults=(fault,)) from exc
