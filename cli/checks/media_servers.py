"""Do the configured servers work? Asked through Usher's API, because only Usher has their tokens."""

import asyncio
from typing import Any, Final

from cli.checks.finding import Finding, fail, ok, warn
from cli.checks.seerr_version import check_seerr_version
from cli.client import AnswerError, AwayError, Usher, path
from cli.servers import SEERR, seerr_test

_MOST: Final = 200
_AT_ONCE: Final = 4


async def check_media_servers(usher: Usher) -> list[Finding] | None:
    """Test every server; return None if Usher cannot list them."""
    try:
        servers = (await usher.get("/api/mediaservers", limit=_MOST))["items"]
        seerr = await usher.get("/api/seerr")
    except (AnswerError, AwayError):
        return None
    room = asyncio.Semaphore(_AT_ONCE)
    tested = await asyncio.gather(*(_test_server(usher, server, room) for server in servers))
    return [finding for findings in (*tested, _seerr(seerr)) for finding in findings]


async def _test_server(usher: Usher, server: dict[str, Any], room: asyncio.Semaphore) -> list[Finding]:
    name = server["name"]
    if not server["enabled"]:
        return [ok(name, "it is turned off")]
    try:
        async with room:
            test = await usher.post(path("api", "mediaservers", name, "test"))
    except (AnswerError, AwayError) as exc:
        return [warn(name, f"it could not be tested: {exc.detail}", "see the linker's log")]
    return _findings_of(test)


def _seerr(seerr: dict[str, Any]) -> list[Finding]:
    if not seerr["url"]:
        return [ok(SEERR, "none is set up")]
    if not seerr["enabled"]:
        return [ok(SEERR, "it is turned off")]
    return [*_findings_of(seerr_test(seerr)), *check_seerr_version(seerr.get("version"))]


def _findings_of(test: dict[str, Any]) -> list[Finding]:
    """Return one line for a server that works, else a line for each problem."""
    if test["works"]:
        return [ok(test["name"], "; ".join(found["text"] for found in test["findings"]))]
    return [
        fail(test["name"], found["text"], found["mend"] or "try again in a while")
        for found in test["findings"]
        if not found["works"]
    ]
