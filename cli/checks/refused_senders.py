"""Which senders of webhooks were refused on the last day?"""

from typing import Any, Final

from cli.checks.finding import Finding, ok, warn
from cli.client import AnswerError, AwayError, Usher, path
from cli.output import local, plain

_SHOWN: Final = 10


async def check_refused_senders(usher: Usher) -> list[Finding]:
    """Ask the gateway; if it is away, another check reports that."""
    try:
        page = await usher.get(path("api", "webhooks", "refused"), limit=_SHOWN)
    except (AwayError, AnswerError):
        return []
    return findings_of(page)


def findings_of(page: Any) -> list[Finding]:
    """Judge the latest refusals. One that is fixed stays listed for a day, so each line has the time of the last."""
    if not page["items"]:
        return [ok("webhooks", "no sender was refused on the last day")]
    findings = [_warning(sender) for sender in page["items"]]
    more = page["total"] - len(page["items"])
    if more > 0:
        findings.append(warn("webhooks", f"{more} more senders were refused", "see `usher webhooks refused`"))
    return findings


def _warning(sender: Any) -> Finding:
    address = sender["address"]
    who = f"a sender at {plain(address)} was" if address else "senders at many other addresses were"
    times = "once" if sender["count"] == 1 else f"{sender['count']} times since {local(sender['first_at'])}"
    text = f"{who} refused {times}, last at {local(sender['last_at'])}: {plain(sender['text'])}"
    return warn(f"{plain(sender['source'])} webhooks", text, plain(sender["mend"]))
