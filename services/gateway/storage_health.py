"""What keeps webhooks and events from being stored, or soon will, each with its remedy."""

import asyncio
from typing import Final

import msgspec

from services.gateway import metrics
from services.gateway.readiness import Readiness
from shared.bus import storage
from shared.bus.connection import Bus
from shared.bus.storage import Problem, StreamState
from shared.errors import UnavailableError

FULL: Final = 32 * 1024 * 1024
"""Bytes: with less free on the disk, something is refused soon."""
_MAKE_ROOM: Final = "make room; everything then goes on by itself"
_LOOK: Final = "see the logs of NATS and of the gateway, and their disks"


class StorageHealth(msgspec.Struct, frozen=True, kw_only=True):
    """What was found: the streams, none where NATS is away, and all problems."""

    streams: list[StreamState]
    problems: list[Problem]
    takes_more: bool
    """Whether the spool would take a record."""
    free: int | None
    """Bytes on the spool's disk."""


async def check(bus: Bus, readiness: Readiness, *, has_spool: bool) -> StorageHealth:
    """Look at the disk and the streams, and try the spool and JetStream."""
    streams, spool, nats = await asyncio.gather(_streams(bus), readiness.spool_problem(), readiness.nats_problem())
    free = readiness.free()
    for state in streams:
        metrics.show_stream(state)
    of_streams = [problem for state in streams if (problem := storage.problem(state))]
    of_disk = _of_disk(free)
    return StorageHealth(
        streams=streams,
        problems=[
            *of_disk,
            *of_streams,
            *([] if spool is None or of_disk or not has_spool else [Problem("spool", spool, _LOOK)]),
            *([] if nats is None or of_streams else [Problem("NATS", nats, _LOOK)]),
            *([] if readiness.refusal is None else [_refusal_problem(readiness.refusal)]),
        ],
        takes_more=spool is None,
        free=free,
    )


async def _streams(bus: Bus) -> list[StreamState]:
    try:
        return await storage.look(bus.client)
    except UnavailableError:
        return []


def _of_disk(free: int | None) -> list[Problem]:
    if free is None or free >= FULL:
        return []
    return [Problem("disk", f"the disk is full: {free / 1024**2:.0f} MiB are free for the spool", _MAKE_ROOM)]


def _refusal_problem(reason: str) -> Problem:
    return Problem("webhooks", f"webhooks are refused with 503: {reason}", _LOOK)
