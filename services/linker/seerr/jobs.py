"""The linker's jobs about Seerr, on `jobs.seerr.<name>`."""

from shared.schemas.job import Job


class MatchUser(Job, queue="seerr", name="match_user", frozen=True):
    """Find this person's user, or create one."""

    person_id: str


class TellUser(Job, queue="seerr", name="tell_user", frozen=True):
    """Write this person's Discord id to their user, and their Plex token where that is switched on."""

    person_id: str


class TakeOut(Job, queue="seerr", name="take_out", frozen=True):
    """Remove Discord ids that Usher wrote from a user, created at `created_at`, that is no longer the person's."""

    person_id: str
    number: int
    created_at: str
    discord_ids: tuple[str, ...]


class CheckSeerr(Job, queue="seerr", name="look", frozen=True):
    """Check all linked persons and all of Seerr's users."""


class Sweep(Job, queue="seerr", name="sweep", frozen=True):
    """The check of all linked persons before there were runs; one that still waits begins a run."""


class Survey(Job, queue="seerr", name="survey", frozen=True):
    """The check of all of Seerr's users before there were runs; one that still waits begins a run."""


class Forget(Job, queue="seerr", name="forget", frozen=True):
    """Remove the users of a Seerr that is gone from the persons whose id follows `after`, some at a time."""

    after: str = ""
