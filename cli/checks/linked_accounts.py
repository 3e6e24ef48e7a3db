"""Which linked accounts have to be linked again?"""

from typing import Any

from cli.checks.finding import Finding, ok, warn
from cli.client import AnswerError, AwayError, Usher, path
from cli.output import plain
from shared.schemas.secret import Secret

_MOST = 200


async def check_linked_accounts(http: Any, address: str, key: Secret) -> list[Finding]:
    """Ask the gateway; if it is away, another check reports that."""
    usher = Usher(http, address, key)
    linked: list[Any] = []
    try:
        while True:
            page = await usher.get(path("api", "integrations"), all="true", limit=_MOST, offset=len(linked))
            linked += page["items"]
            if not page["items"] or len(linked) >= page["total"]:
                break
    except (AwayError, AnswerError):
        return []
    return findings_of(linked)


def findings_of(linked: list[Any]) -> list[Finding]:
    """Judge linked accounts by their state."""
    dead = [_failure(each) for each in linked if each["state"] == "dead"]
    if not linked:
        return []
    return dead or [ok("accounts", f"{len(linked)} linked, and all let us in")]


def _failure(each: Any) -> Finding:
    subject = f"{each['provider']} {plain(each['account']['username'])}"
    mend = f"{plain(each['person']['name'])} links it again: {_how_to_link(each)}"
    return warn(subject, plain(each["reason"]) or "its token is dead", mend)


def _how_to_link(each: Any) -> str:
    match each["provider"]:
        case "plex":
            return "`/link`, or `usher link plex`"
        case "emby":
            return f"`usher link emby {plain(each['account']['username'])}`"
        case other:
            return f"`usher link {other}`"
