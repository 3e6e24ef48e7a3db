"""Do the gateway, Seerr and Plex answer at their addresses?"""

from collections.abc import Mapping
from typing import Any

import msgspec

from cli.checks.finding import Finding, fail, ok, warn
from cli.checks.seerr_version import check_seerr_version
from cli.client import AnswerError, AwayError, Usher
from cli.output import local, plain
from shared.errors import UsherError
from shared.http.calls import decode, translate_errors
from shared.schemas.secret import Secret
from shared.settings import UpstreamSettings


class SeerrStatus(msgspec.Struct, frozen=True):
    """Seerr's /status, as far as we read it."""

    version: str


async def check_gateway(http: Any, address: str, key: Secret) -> list[Finding]:
    """Ask the gateway whether it is alive, can store webhooks, and how the other parts are."""
    usher = Usher(http, address, key)
    try:
        await usher.get("/health")
    except (AwayError, AnswerError) as exc:
        return [fail("gateway", exc.detail, "start Usher (`usher run`), or set USHER_PUBLIC_URL")]
    findings = [ok("gateway", f"it lives at {address}")]
    try:
        await usher.get("/ready")
    except (AwayError, AnswerError) as exc:
        findings.append(
            fail("gateway", f"it cannot store webhooks: {exc.detail}", "make room on the disk; see its log, and NATS")
        )
    try:
        parts = await usher.get("/api/health")
    except (AwayError, AnswerError) as exc:
        return [*findings, fail("gateway", f"it does not say how its parts are: {exc.detail}", "set USHER_API_KEY")]
    return [*findings, *parts_of(parts)]


def parts_of(health: Mapping[str, Any]) -> list[Finding]:
    """Judge the gateway's report on the other parts."""
    findings = []
    for service in health.get("services", []):
        name, replicas = service.get("name"), service.get("replicas", 0)
        if replicas:
            findings.append(ok(f"{name}", f"{replicas} at work"))
        else:
            findings.append(fail(f"{name}", "none answers", "see its log; `usher run` starts it"))
    findings += [fail(each["part"], each["text"], each["mend"]) for each in health.get("problems", [])]
    spool = health.get("spool", {})
    if spool.get("records", 0):
        findings.append(warn("spool", f"{spool['records']} webhooks wait for NATS", "they are sent when it is back"))
    return [*findings, *(_failure(each) for each in spool.get("damage", []))]


def _failure(damage: Mapping[str, Any]) -> Finding:
    """Report lost webhooks: nobody sends them again."""
    records = damage.get("records")
    lost = "webhooks may be lost" if records is None else f"{records} webhooks are lost"
    kept = f" (what is left is {plain(damage['kept_as'])})" if damage.get("kept_as") else ""
    where = f"in {plain(damage.get('file'))}, found {local(str(damage.get('noticed_at')))}"
    text = f"{lost} {where}: {plain(damage.get('reason'))}{kept}"
    return fail("spool damage", text, "look after the disk; then remove spool/damage.jsonl in the data folder")


async def check_seerr(http: Any, config: UpstreamSettings) -> list[Finding]:
    """Ask Seerr for its version, if it is set up."""
    if not config.seerr_url:
        return []
    try:
        with translate_errors("Seerr"):
            response = await http.get(f"{config.seerr_url.rstrip('/')}/api/v1/status")
            response.raise_for_status()
        version = decode(response, SeerrStatus, api="Seerr").version
    except UsherError as exc:
        return [fail("Seerr", exc.detail, "is it running, is SEERR_URL right?")]
    return [ok("Seerr", f"version {version} answers"), *check_seerr_version(version)]


async def check_plex(http: Any, config: UpstreamSettings) -> list[Finding]:
    """Ask the Plex server for its identity, if it is set up."""
    if not config.plex_host:
        return []
    try:
        with translate_errors("Plex"):
            response = await http.get(f"{config.plex_host.rstrip('/')}/identity")
            response.raise_for_status()
    except UsherError as exc:
        return [fail("Plex", exc.detail, "is it running, is PLEX_HOST right?")]
    if b"machineIdentifier" not in response.content:
        return [fail("Plex", "what answers at PLEX_HOST is no Plex server", "set it to http://host:32400")]
    return [ok("Plex", "the server answers")]
