"""What the linker gives itself to do about Seerr, as jobs on `jobs.seerr.<name>`: durable, and one after another."""

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


class LookAtSeerr(Job, queue="seerr", name="look", frozen=True):
    """Look at all linked persons and all of Seerr's users."""


class Sweep(Job, queue="seerr", name="sweep", frozen=True):
    """What a look at all linked persons was before there were runs; one that still waits begins a run."""


class Survey(Job, queue="seerr", name="survey", frozen=True):
    """What a look at all of Seerr's users was before there were runs; one that still waits begins a run."""


class Forget(Job, queue="seerr", name="forget", frozen=True):
    """Take the users of a Seerr that is gone from all persons whose id is over `after`, some at a time."""

    after: str = ""
