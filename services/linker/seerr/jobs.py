"""What the linker gives itself to do about Seerr, as jobs on `jobs.seerr.<name>`: durable, and one after another."""

from datetime import datetime

from shared.schemas.job import Job


class MatchUser(Job, queue="seerr", name="match_user", frozen=True):
    """Find this person's user, or make one."""

    person_id: str


class TellUser(Job, queue="seerr", name="tell_user", frozen=True):
    """Write this person's Discord id to their user, and give Seerr their Plex token where that is switched on."""

    person_id: str


class TakeOut(Job, queue="seerr", name="take_out", frozen=True):
    """Take Discord ids that Usher wrote out of a user who is not the person's any more, `created_at` as then."""

    person_id: str
    number: int
    created_at: str
    discord_ids: tuple[str, ...]


class Sweep(Job, queue="seerr", name="sweep", frozen=True):
    """Look at all linked persons whose id is over `after`, some at a time."""

    after: str = ""


class Survey(Job, queue="seerr", name="survey", frozen=True):
    """Read which Discord ids Seerr's users have, from the `skip`-th user on; `began_at` is when the first was read."""

    began_at: datetime
    skip: int = 0


class Forget(Job, queue="seerr", name="forget", frozen=True):
    """Take the users of a Seerr that is gone from all persons whose id is over `after`, some at a time."""

    after: str = ""
