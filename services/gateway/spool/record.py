"""A message on its way to JetStream, and what is known of it while it waits in the spool."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec

from shared.bus.publishing import Publisher, Stored
from shared.errors import PermanentError, UnavailableError

RETRY_AFTER: Final = timedelta(seconds=5)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One message under the id that makes its repeats harmless. `source` is whose order it belongs to."""

    source: str
    subject: str
    message_id: str
    data: bytes
    headers: Mapping[str, str]


async def begin(publisher: Publisher, record: Record) -> asyncio.Future[Stored]:
    """Send a record; raises like `Publisher.begin`."""
    return await publisher.begin(record.subject, record.data, message_id=record.message_id, headers=record.headers)


class SpoolFullError(UnavailableError):
    """The spool takes no more: it is at its limit, or its disk is full or broken."""

    title = "Nothing can be stored now"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, retry_after=RETRY_AFTER)


class UnusableSpoolError(PermanentError):
    """The spool's folder cannot be used at all."""


class DamagedSpoolError(PermanentError):
    """A file of the spool is no database any more."""
