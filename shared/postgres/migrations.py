"""Forward-only migrations: the `.sql` files of a folder by name, each applied once, in one transaction.

Replicas may start at the same time: an advisory lock for each schema lets one of them migrate. A file that changed
after it was applied is an error, because the database would not be what the code expects.
"""

import hashlib
from importlib import resources

import asyncpg
import msgspec
import structlog

from shared.errors import PermanentError
from shared.postgres.pool import Connection, Pool, transaction

log = structlog.get_logger()


class MigrationError(PermanentError):
    """An applied migration differs from the file that is here."""


class Migration(msgspec.Struct, frozen=True):
    """A file, recorded under the name `<package>/<file>`."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def packages_of(name: str) -> tuple[str, ...]:
    """Return the packages whose migrations make the schema of a service."""
    return ("shared.bus", "shared.runs", f"services.{name}")


def migrations_of(*packages: str) -> list[Migration]:
    """Return the files of the packages' `migrations` folders, in the order of the packages, then by name."""
    found = []
    for package in packages:
        folder = resources.files(package) / "migrations"
        files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
        found += [Migration(f"{package}/{name}", (folder / name).read_text(encoding="utf-8")) for name in files]
    return found


async def migrate(pool: Pool, *, schema: str, packages: tuple[str, ...]) -> int:
    """Bring a schema up to date with the packages' files; return how many were applied.

    Raises `MigrationError` if an applied file has changed, `UnavailableError` when Postgres is away.
    """
    wanted = migrations_of(*packages)
    async with transaction(pool) as connection:
        await connection.execute("select pg_advisory_xact_lock(hashtext('usher migrations'), hashtext($1))", schema)
        await connection.execute(f'create schema if not exists "{schema}"')
        await connection.execute(
            f"""create table if not exists "{schema}".migrations (
                name text primary key, checksum text not null, applied_at timestamptz not null default now())"""
        )
        applied = await _applied_files(connection, schema)
        pending = [migration for migration in wanted if _is_pending(migration, applied)]
        for migration in pending:
            await connection.execute(migration.sql)
            await connection.execute(
                f'insert into "{schema}".migrations (name, checksum) values ($1, $2)',  # noqa: S608 (a constant)
                migration.name,
                migration.checksum,
            )
    if pending:
        await pool.expire_connections()  # making tables left 2 MiB in the server's process, for as long as it lives
        log.info("migrated", schema=schema, applied=[migration.name for migration in pending])
    return len(pending)


async def missing(connection: Connection, *, schema: str, packages: tuple[str, ...]) -> list[str]:
    """Return the names of the packages' files that a schema lacks, without applying them.

    Raises `MigrationError` if an applied file has changed.
    """
    try:
        applied = await _applied_files(connection, schema)
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        applied = {}
    return [migration.name for migration in migrations_of(*packages) if _is_pending(migration, applied)]


async def _applied_files(connection: Connection, schema: str) -> dict[str, str]:
    rows = await connection.fetch(f'select name, checksum from "{schema}".migrations')  # noqa: S608 (a constant)
    return {row["name"]: row["checksum"] for row in rows}


def _is_pending(migration: Migration, applied: dict[str, str]) -> bool:
    if migration.name not in applied:
        return True
    if applied[migration.name] != migration.checksum:
        raise MigrationError(f"{migration.name} was changed after it was applied; add a new file instead")
    return False
