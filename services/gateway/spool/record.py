"""A message on its way to JetStream, and what is known of it while it waits in the spool."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec

from shared.bus.publishing import Publisher, Stored
from shared.errors import PermanentError, UnavailableError

RETRY_AFTER: Final = timedelta(seconds=5)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One message under the id that makes its repeats harmless. Records of one `source` stay in order."""

    source: str
    subject: str
    message_id: str
    data: bytes
    headers: Mapping[str, str]


def checksum(*, source: str, subject: str, message_id: str, headers: bytes, data: bytes) -> bytes:
    """Return what shows whether a record is undamaged."""
    digest = hashlib.blake2b(digest_size=8)
    for part in (source.encode(), subject.encode(), message_id.encode(), headers, data):
        digest.update(len(part).to_bytes(4, "big"))
        digest.update(part)
    return digest.digest()


async def send(publisher: Publisher, record: Record) -> asyncio.Future[Stored]:
    """Send a record; raises like `Publisher.begin`."""
    return await publisher.begin(record.subject, record.data, message_id=record.message_id, headers=record.headers)


class SpoolFullError(UnavailableError):
    """The spool takes no more: it is at its limit, or its disk is full or broken."""

    title = "Nothing can be stored now"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, retry_after=RETRY_AFTER)


class UnusableSpoolError(PermanentError):
    """The spool's folder cannot be used at all."""


class DamagedSpoolError(UnavailableError):
    """A file of the spool cannot be read any more; `records` are lost with it, None if unknown."""

    def __init__(self, detail: str, *, records: int | None) -> None:
        super().__init__(detail)
        self.records = records
