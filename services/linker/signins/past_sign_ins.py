"""Answers what sign-ins there were of a person, for the export of what is known of them."""

from services.linker.people import ownership
from services.linker.people.store import forgetting
from services.linker.signins.store import sign_ins
from shared.postgres.pool import Pool, transaction
from shared.schemas.signins import ListSignIns, SignInHistory
from shared.schemas.users import name_key


class PastSignIns:
    """Answers `ListSignIns`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def list_sign_ins(self, question: ListSignIns) -> SignInHistory:
        """Return a person's ids, names and last sign-ins; raises `UnknownPersonError`."""
        async with transaction(self._pool) as connection:
            person = await ownership.load_person(connection, question.person_id)
            ids = await forgetting.ids_of(connection, person.id)
            names, others = await forgetting.names_of(connection, ids)
            taken = {name_key(name) for name in others}
            return SignInHistory(
                person_ids=ids,
                user_names=sorted(name for name in names if name_key(name) not in taken),
                items=await sign_ins.last_of(connection, ids),
            )
