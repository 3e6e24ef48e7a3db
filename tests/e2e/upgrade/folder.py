"""Makes a data folder as the last version left it when stopped, without that version's code.

The two servers are today's programs, because PostgreSQL and NATS keep their files' form; what is in them is not.
"""

import asyncio
import base64
import hashlib
import sqlite3
import struct
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from string import Template
from typing import Final

import asyncpg
import nats

from cli.embedded.nats import EmbeddedNats
from cli.embedded.postgres import EmbeddedPostgres
from cli.embedded.program import free_port
from tests.e2e.upgrade import rows, work
from tests.e2e.upgrade.messages import TRACE, Stored
from tests.e2e.upgrade.sealed import (
    ENCRYPTION_KEYS,
    KEY_ID,
    LOCAL_API_KEY,
    PASSWORD_HASH,
    SESSION,
    WEBHOOK_SECRET,
    digest,
)
from tests.e2e.upgrade.streams import OldStreams
from tests.e2e.upgrade.town import PLEX_CLIENT_ID, Surroundings
from tests.house import API_KEY
from tests.integration.servers import Running, wait_for_nats, wait_for_postgres

_REPOSITORY: Final = Path(__file__).parents[3]


class Builder:
    """Fills a folder; `around` has the values of the `$name`s."""

    def __init__(self, folder: Path, around: Surroundings) -> None:
        self._folder = folder
        self._around = around
        self._values = {
            **around.values,
            "url_plex": around.urls["plex_server"],
            "url_jellyfin": around.urls["jellyfin"],
            "url_seerr": around.urls["seerr"],
            "night": (around.began_at - timedelta(hours=3)).date().isoformat(),
            "password_hash": PASSWORD_HASH,
            "digest_session": digest(SESSION).hex(),
            "digest_key": digest(API_KEY).hex(),
            "digest_local_key": digest(LOCAL_API_KEY).hex(),
            "digest_webhook": digest(WEBHOOK_SECRET).hex(),
            "plex_client_id": PLEX_CLIENT_ID,
            "noted": ",".join(work.NOTED),
        }
        self._values["dead_webhook"] = self._filled(work.DEAD_WEBHOOK.json)

    def build(self) -> None:
        """Make the whole folder, and leave nothing running."""
        for name in ("secrets", "spool", "logs", "run"):
            (self._folder / name).mkdir(mode=0o700, parents=True)
        self._write("secrets/encryption_keys", ENCRYPTION_KEYS)
        self._write("secrets/local_api_key", f"{LOCAL_API_KEY}\n")
        remembered = base64.b64encode(digest(WEBHOOK_SECRET)).decode()
        self._write("webhook-secrets.json", f'[{{"id":"h-own","digest":"{remembered}","source":null,"server":null}}]')
        self._spool("spool-0.sqlite", work.SPOOLED, with_checksums=True)
        self._spool("spool-1.sqlite", work.LEFT_BEHIND, with_checksums=False)
        self._fill_servers()

    def _write(self, name: str, text: str) -> None:
        path = self._folder / name
        path.touch(mode=0o600)
        path.write_text(text)

    def _fill_servers(self) -> None:
        postgres = EmbeddedPostgres(self._folder / "postgres", port=free_port())
        bus = EmbeddedNats(self._folder / "nats", port=free_port())
        postgres.prepare()
        bus.prepare()
        running = [
            Running(server.program, self._folder / "logs" / f"{server.program.name}.log") for server in (postgres, bus)
        ]
        try:
            wait_for_postgres(postgres.url)
            wait_for_nats(bus.url)
            asyncio.run(self._fill(postgres.url.reveal(), bus.url.reveal()))
        finally:
            for server in running:
                server.stop()
        for name in ("postgres/cluster/PG_VERSION", "postgres/password", "nats/jetstream/jetstream", "nats/password"):
            assert (self._folder / name).exists(), f"{name} was there, and is not made any more"

    async def _fill(self, postgres: str, bus: str) -> None:
        connection = await asyncpg.connect(postgres)
        await self._migrate(connection)
        await self._insert(connection)
        await connection.close()
        client = await nats.connect(bus)
        await OldStreams(client.jetstream(), self._columns).fill()
        await client.close()

    async def _migrate(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        """Apply the migrations of that version under the names they had then, and no later ones."""
        files = [file for part in ("services", "shared") for file in (_REPOSITORY / part).rglob("*.sql")]
        found = {hashlib.sha256(file.read_bytes()).hexdigest(): file.read_text() for file in files}
        for schema, own in rows.MIGRATIONS.items():
            applied = own if schema == "shared" else {**rows.OF_THE_BUS, **own}
            await connection.execute(
                f"""create schema {schema}; set search_path to {schema}, public; create table migrations (
                    name text primary key, checksum text not null, applied_at timestamptz not null default now())"""
            )
            for name, checksum in applied.items():
                await connection.execute(found[checksum])
                await connection.execute("insert into migrations (name, checksum) values ($1, $2)", name, checksum)

    async def _insert(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        for schema in rows.SCHEMAS:
            statements = Path(__file__).with_name(f"{schema}.sql").read_text()
            await connection.execute(f"set search_path to {schema}, public; {self._filled(statements)}")
        for *whose, sealed in rows.credentials(self._around):
            await connection.execute(
                """insert into shared.credentials (owner_kind, owner_id, provider, purpose, key_id, sealed)
                values ($1, $2, $3, $4, $5, $6)""",
                *whose,
                KEY_ID,
                sealed,
            )
        for retry in work.RETRIES:
            await connection.execute(f"set search_path to {retry.service}")
            await connection.execute(
                """insert into retries
                    (consumer, message_id, subject, headers, payload, attempts, due_at, reason, first_tried_at)
                values ($1, $2, $3, $4, $5, 4, now(), 'TimeoutError', now() - interval '2 minutes')""",
                retry.consumer,
                *self._columns(retry.message),
            )
        for service, message in work.OUTBOX:
            await connection.execute(f"set search_path to {service}")
            await connection.execute(
                "insert into outbox (message_id, subject, headers, payload) values ($1, $2, $3, $4)",
                *self._columns(message),
            )

    def _spool(self, name: str, records: Sequence[tuple[str, Stored]], *, with_checksums: bool) -> None:
        path = self._folder / "spool" / name
        with sqlite3.connect(path) as spool:
            spool.execute("pragma journal_mode = wal")
            spool.execute(
                f"""create table records (sequence integer primary key, source text not null, subject text not null,
                    message_id text not null, headers blob not null, data blob not null, spooled_at real not null,
                    refused text{", checksum blob" if with_checksums else ""})"""
            )
            for source, message in records:
                number, subject, headers, data = self._columns(message)
                spool.execute(
                    """insert into records (source, subject, message_id, headers, data, spooled_at)
                    values (?, ?, ?, ?, ?, ?)""",
                    (source, subject, number, headers.encode(), data, 1790000000.0),
                )
                if with_checksums:
                    checksum = _checksum(source, subject, number, headers, data)
                    spool.execute("update records set checksum = ? where message_id = ?", (checksum, number))
        spool.close()
        if with_checksums:
            count = struct.pack("<Q", len(records))
            path.with_name(f"{name}.count").write_bytes(count + hashlib.blake2b(count, digest_size=8).digest())

    def _columns(self, message: Stored) -> tuple[str, str, str, bytes]:
        """A message's id, subject, headers as tables keep them, and payload."""
        payload = self._filled(message.json).encode()
        return self._filled(message.id), message.subject, f'{{"traceparent":"{TRACE}"}}', payload

    def _filled(self, text: str) -> str:
        return Template(text).substitute(self._values)


def _checksum(*parts: str | bytes) -> bytes:
    hashed = hashlib.blake2b(digest_size=8)
    for part in (each.encode() if isinstance(each, str) else each for each in parts):
        hashed.update(len(part).to_bytes(4, "big"))
        hashed.update(part)
    return hashed.digest()
