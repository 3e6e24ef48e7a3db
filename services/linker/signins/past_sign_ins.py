"""Answers what sign-ins there were of a person, for the export of what is known of them."""

from services.linker.people import ownership
from services.linker.people.store import forgetting
from services.linker.signins.store import sign_ins
from shared.postgres.pool import Pool, transaction
from shared.schemas.signins import ListSignIns, SignInHistory


class PastSignIns:
    """Answers `ListSignIns`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def list_sign_ins(self, question: ListSignIns) -> SignInHistory:
        """Return a person's ids and their last sign-ins; raises `UnknownPersonError`."""
        async with transaction(self._pool) as connection:
            person = await ownership.load_person(connection, question.person_id)
            ids = await forgetting.ids_of(connection, person.id)
            return SignInHistory(person_ids=ids, items=await sign_ins.last_of(connection, ids))
