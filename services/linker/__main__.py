"""The linker: who is who, and whose account it is that something was seen on."""

from datetime import UTC, datetime

from services.linker.handlers import Handlers
from shared import runtime
from shared.bus import streams
from shared.schemas.identifiers import random_id
from shared.schemas.people import ClaimAccount, FindPerson, ListPeople, ListUnclaimed, MergePeople
from shared.settings import ServiceSettings


async def linker(config: ServiceSettings) -> None:
    """Run until told to stop."""
    async with runtime.open_parts(config, name="linker") as parts:
        handlers = Handlers(worker=parts.worker, pool=parts.pool, now=lambda: datetime.now(UTC), new_id=random_id)
        service = runtime.Service(parts)
        service.consume(streams.LINKER_PLAYS, handlers.see_play)
        service.work({})
        service.answer(
            {
                ListPeople: handlers.list_people,
                FindPerson: handlers.find_person,
                ListUnclaimed: handlers.list_unclaimed,
                ClaimAccount: handlers.claim_account,
                MergePeople: handlers.merge_people,
            }
        )
        await runtime.serve(config, service.run, finish=service.finish)


if __name__ == "__main__":
    runtime.main("linker", ServiceSettings, linker)
