"""Inspects a NATS server without changing it, for people who want to know what is wrong with it."""

import asyncio
from typing import Final

import msgspec
import nats.errors
import nats.js.errors

from shared.bus import storage
from shared.bus.client import Client
from shared.bus.storage import Problem
from shared.bus.streams import STREAMS, stream_drift
from shared.errors import UnavailableError
from shared.schemas.secret import Secret

_PATIENCE_S: Final = 3
_PAUSE_S: Final = 1
_NO_JETSTREAM: Final = (
    nats.js.errors.ServiceUnavailableError,
    nats.js.errors.NoStreamResponseError,
    nats.errors.NoRespondersError,
)


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """What was found. `drift` has, for each stream, the settings that differ from the declared ones."""

    version: str
    has_jetstream: bool
    absent: tuple[str, ...] = ()
    drift: dict[str, list[str]] = {}
    problems: tuple[Problem, ...] = ()


async def inspect(url: Secret, *, credentials: str = "", replicas: int = 1) -> Inspection:
    """Inspect the server and its streams. Raises `UnavailableError` when it is away or refuses us."""
    client = Client()
    heard: list[Exception] = []

    async def hear(error: Exception) -> None:
        heard.append(error)

    try:
        async with asyncio.timeout(_PATIENCE_S):  # nats-py would try for two minutes
            await client.connect(
                servers=[server.strip() for server in url.reveal().split(",")],
                user_credentials=credentials or None,
                error_cb=hear,
                reconnect_time_wait=_PAUSE_S,
            )
        return await _inspect(client, replicas=replicas)
    except (nats.errors.Error, OSError, ValueError) as exc:
        reason = _best_reason(heard) or exc
        raise UnavailableError(f"NATS does not let us in ({str(reason) or type(reason).__name__})") from exc
    finally:
        await client.close()


def _best_reason(errors: list[Exception]) -> Exception | None:
    """Return the server's own error if it sent one: after a refusal it resets the connection."""
    from_server = [error for error in errors if isinstance(error, nats.errors.Error)]
    return (from_server or errors or [None])[-1]


async def _inspect(client: Client, *, replicas: int) -> Inspection:
    server = client.connected_server_version
    version = f"{server.major}.{server.minor}.{server.patch}"
    stream = client.jetstream(timeout=_PATIENCE_S)
    try:
        await stream.account_info()
    except _NO_JETSTREAM:
        return Inspection(version=version, has_jetstream=False)
    absent, drifted = [], {}
    for spec in STREAMS:
        try:
            found = await stream.stream_info(spec.name)
        except nats.js.errors.NotFoundError:
            absent.append(spec.name)
            continue
        if drift := stream_drift(spec, found.config, replicas=replicas):
            drifted[spec.name] = sorted(drift)
    return Inspection(
        version=version,
        has_jetstream=True,
        absent=tuple(absent),
        drift=drifted,
        problems=await _problems(client, absent),
    )


async def _problems(client: Client, absent: list[str]) -> tuple[Problem, ...]:
    states = [await storage.look_at(client, spec.name) for spec in STREAMS if spec.name not in absent]
    found = tuple(problem for state in states if (problem := storage.problem(state)))
    if found or "JOBS" in absent or await storage.is_written(client):
        return found
    return (storage.SILENT,)
