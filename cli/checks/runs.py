"""Did the newest run of each kind end as an error?"""

from typing import Any

from cli.checks.finding import Finding, ok, warn
from cli.client import AnswerError, AwayError, Usher, path
from cli.output import local, plain


async def check_runs(usher: Usher) -> list[Finding]:
    """Ask the gateway; if it is away, another check reports that."""
    try:
        status = await usher.get(path("api", "sync", "status"))
    except (AwayError, AnswerError):
        return []
    return [_finding(each["run"]) for each in status["kinds"] if each["run"] and each["run"]["finished_at"]]


def _finding(run: Any) -> Finding:
    subject, at = f"{plain(run['kind'])} run", local(run["finished_at"])
    if run["status"] != "error":
        return ok(subject, f"the newest one ended at {at}: {run['status']}")
    reason = plain(run["errors"][0]["why"]) if run["errors"] else "see its errors"
    return warn(subject, f"the newest one failed at {at}: {reason}", f"see `usher runs show {plain(run['id'])}`")
