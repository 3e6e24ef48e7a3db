"""Do PostgreSQL and NATS answer, with the expected tables and streams?"""

from typing import Final

import asyncpg

from cli.checks.finding import Finding, fail, ok, warn
from cli.settings import SERVICES
from shared.bus.inspection import Inspection, inspect
from shared.errors import PermanentError, UnavailableError
from shared.postgres.migrations import missing, packages_of
from shared.postgres.pool import Connection
from shared.schemas.secret import Secret

OLDEST: Final = 14
_PATIENCE_S: Final = 5
_NOT_RUNNING: Final = "start Usher (`usher run`), or set {}"


async def check_postgres(url: Secret) -> list[Finding]:
    """Connect, and check the version and the migrations."""
    subject = "PostgreSQL"
    if not url:
        return [warn(subject, "the embedded one is not running", _NOT_RUNNING.format("DATABASE_URL"))]
    try:
        connection = await asyncpg.connect(url.reveal(), timeout=_PATIENCE_S, command_timeout=_PATIENCE_S)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as exc:
        return [fail(subject, f"it does not let us in ({_reason(exc)})", "is it running, is DATABASE_URL right?")]
    try:
        return [_version(connection.get_server_version().major), *await _check_migrations(connection)]
    finally:
        await connection.close()


def _version(major: int) -> Finding:
    if major < OLDEST:
        return fail("PostgreSQL", f"it is version {major}", f"Usher needs {OLDEST} or newer")
    return ok("PostgreSQL", f"it answers, version {major}")


async def _check_migrations(connection: Connection) -> list[Finding]:
    absent: list[str] = []
    try:
        absent += await missing(connection, schema="shared", packages=("shared",))
        for service in SERVICES:
            absent += await missing(connection, schema=service, packages=packages_of(service))
    except PermanentError as exc:
        return [fail("tables", exc.detail, "run the version of Usher that made this database, or a newer one")]
    if absent:
        some = ", ".join(absent[:3]) + (" …" if len(absent) > 3 else "")  # noqa: PLR2004 (as many as are shown)
        return [warn("tables", f"{len(absent)} migrations have not run: {some}", "start the services: they run them")]
    return [ok("tables", "all migrations have run")]


async def check_nats(url: Secret, *, credentials: str, replicas: int, is_embedded: bool) -> list[Finding]:
    """Connect, and check JetStream and the streams."""
    if not url:
        return [warn("NATS", "the embedded one is not running", _NOT_RUNNING.format("NATS_URL"))]
    try:
        found = await inspect(url, credentials=credentials, replicas=replicas)
    except UnavailableError as exc:
        return [fail("NATS", exc.detail, "is it running, are NATS_URL and NATS_CREDENTIALS right?")]
    if not found.has_jetstream:
        return [
            fail("NATS", f"version {found.version} answers without JetStream", "switch JetStream on in its settings")
        ]
    return [ok("NATS", f"version {found.version} answers, with JetStream"), *_streams(found), _durable(is_embedded)]


def _streams(found: Inspection) -> list[Finding]:
    findings = [fail(problem.part, problem.text, problem.mend) for problem in found.problems]
    findings += [
        warn("streams", f"{stream} differs in {', '.join(names)}", "restart a service: it repairs them")
        for stream, names in found.drift.items()
    ]
    if found.absent:
        findings.append(warn("streams", f"{', '.join(found.absent)}: not there", "start a service: it makes them"))
    return findings or [ok("streams", "all are as declared")]


def _durable(is_embedded: bool) -> Finding:  # noqa: FBT001 (a fact about the one server there is)
    if is_embedded:
        return ok("durability", "the embedded NATS writes every message to the disk (sync_interval: always)")
    return ok("durability", "whether NATS has `sync_interval: always` cannot be seen from here: alone it should")


def _reason(exc: Exception) -> str:
    return str(exc).splitlines()[0][:200] if isinstance(exc, asyncpg.PostgresError) else type(exc).__name__
