"""What the linker gives itself to do about Seerr, as jobs on `jobs.seerr.<name>`: durable, and one after another."""

from datetime import datetime
from typing import Final

import msgspec

from shared.bus.work import Work
from shared.schemas.identifiers import derived_id


class MatchUser(msgspec.Struct, frozen=True):
    """Find this person's user, or make one."""

    person_id: str


class TellUser(msgspec.Struct, frozen=True):
    """Write this person's Discord id to their user, and give Seerr their Plex token where that is switched on."""

    person_id: str


class TakeOut(msgspec.Struct, frozen=True):
    """Take Discord ids that Usher wrote out of a user who is not the person's any more, `created_at` as then."""

    person_id: str
    number: int
    created_at: str
    discord_ids: tuple[str, ...]


class Sweep(msgspec.Struct, frozen=True):
    """Look at all linked persons whose id is over `after`, some at a time."""

    after: str = ""


class Survey(msgspec.Struct, frozen=True):
    """Read which Discord ids Seerr's users have, from the `skip`-th user on; `began_at` is when the first was read."""

    began_at: datetime
    skip: int = 0


class Forget(msgspec.Struct, frozen=True):
    """Take the users of a Seerr that is gone from all persons whose id is over `after`, some at a time."""

    after: str = ""


Job = MatchUser | TellUser | TakeOut | Sweep | Survey | Forget

NAMES: Final[dict[type[Job], str]] = {
    MatchUser: "match_user",
    TellUser: "tell_user",
    TakeOut: "take_out",
    Sweep: "sweep",
    Survey: "survey",
    Forget: "forget",
}


def say(work: Work, job: Job, *, cause: str) -> None:
    """Let a job be done after this transaction; the same job of the same cause is one."""
    name = NAMES[type(job)]
    payload = msgspec.json.encode(job)
    work.say(f"jobs.seerr.{name}", payload, message_id=derived_id(name, cause, payload.decode()))
