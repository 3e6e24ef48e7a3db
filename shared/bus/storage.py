"""How full each stream is, and whether it still stores messages, checked without leaving anything behind.

Since 2.14, nats-server stops writing to a stream after one failed write, until it is restarted. It then acknowledges no
publish, and says so only on its own health page, which a client does not see. But its reply to deleting a message that
cannot exist shows it too.
"""

import asyncio
import re
from datetime import UTC, datetime
from typing import Final

import msgspec
import nats.errors
import nats.js.errors

from shared.bus.client import Client
from shared.bus.publishing import ACK_TIMEOUT_S
from shared.bus.streams import MAX_MESSAGE, STREAMS
from shared.errors import UnavailableError

PATIENCE_S: Final = 1.0
NEARLY_FULL: Final = 0.9
_NO_SUCH_SEQUENCE: Final = 2**63 - 1
_SMALL_PART: Final = 0.2
_FAILED_WRITE: Final = re.compile(r"^\w+ \S*/.*: (?P<reason>[^:]+)$")
"""How Go shows that something failed with a file: `write /data/…/1.blk: no space left on device`."""
_STORE_FAILED: Final = 10077
_FULL: Final = "maximum bytes exceeded"
_TRIED: Final = "jobs.probe"
"""On a stream that every nats-server of ours has, and for none of its consumers."""

_NOTHING_MORE: Final = "it takes nothing more until NATS is started again"
_START_AGAIN: Final = (
    "make room on the disk of NATS; `usher run` and compose then start it again, any other nats-server you have to"
)
_MAKE_AGAIN: Final = "restart a service: it makes the streams that are missing"
_LET_HANDLE: Final = "see what does not handle its messages: a service that is away, or `usher dead list`"


class StreamState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a stream. `limit` is 0 if it has none; `failure` is why it stores nothing."""

    name: str
    messages: int = 0
    bytes: int = 0
    limit: int = 0
    oldest_at: datetime | None = None
    failure: str | None = None

    @property
    def share(self) -> float:
        """How full it is, 0 to 1."""
        return self.bytes / self.limit if self.limit > 0 else 0.0

    @property
    def is_full(self) -> bool:
        """True if a large message, or one of a fifth of a small stream, does not fit any more."""
        left = self.limit - self.bytes
        return self.limit > 0 and (self.share >= NEARLY_FULL or left < min(MAX_MESSAGE, _SMALL_PART * self.limit))


class Problem(msgspec.Struct, frozen=True):
    """What prevents storing, now or soon, and how to fix it."""

    part: str
    text: str
    mend: str


SILENT: Final = Problem("NATS", "it acknowledges nothing that is to be stored", _START_AGAIN)
"""Used if no stream says why."""


class _State(msgspec.Struct):
    messages: int = 0
    bytes: int = 0
    first_ts: datetime | None = None


class _Config(msgspec.Struct):
    max_bytes: int = 0


class _Error(msgspec.Struct):
    description: str = ""


class _Info(msgspec.Struct):
    config: _Config = msgspec.field(default_factory=_Config)
    state: _State = msgspec.field(default_factory=_State)
    error: _Error | None = None


_decoder: Final = msgspec.json.Decoder(_Info)
_FAULTS: Final = (nats.errors.Error, OSError, TimeoutError, msgspec.MsgspecError)


def problem(state: StreamState) -> Problem | None:
    """Return what is wrong with a stream."""
    if state.failure is not None:
        text = f"the stream {state.name} stores nothing: {state.failure}"
        return Problem(state.name, text, _START_AGAIN if _NOTHING_MORE in state.failure else _MAKE_AGAIN)
    if state.is_full:
        filled = f"{state.share:.0%} of {state.limit / 1024**2:.0f} MiB"
        return Problem(state.name, f"the stream {state.name} is full or nearly so: {filled}", _LET_HANDLE)
    return None


async def look(client: Client) -> list[StreamState]:
    """Return the state of all streams; raise `UnavailableError` when NATS does not answer."""
    return list(await asyncio.gather(*(look_at(client, spec.name) for spec in STREAMS)))


async def look_at(client: Client, name: str) -> StreamState:
    """Return the state of one stream; raises like `look`."""
    try:
        return await _look_at(client, name)
    except _FAULTS as exc:
        raise UnavailableError(f"NATS does not report its streams ({type(exc).__name__})") from exc


async def _look_at(client: Client, name: str) -> StreamState:
    answer = await client.request(f"$JS.API.STREAM.INFO.{name}", b"", timeout=PATIENCE_S)
    info = _decoder.decode(answer.data)
    if info.error is not None:
        return StreamState(name=name, failure=info.error.description)
    state = info.state
    return StreamState(
        name=name,
        messages=state.messages,
        bytes=state.bytes,
        limit=max(0, info.config.max_bytes),
        oldest_at=state.first_ts.astimezone(UTC) if state.messages and state.first_ts else None,
        failure=await _failure(client, name),
    )


async def _failure(client: Client, name: str) -> str | None:
    try:
        await client.jetstream(timeout=PATIENCE_S).delete_msg(name, _NO_SUCH_SEQUENCE)
    except nats.js.errors.APIError as exc:
        return failure_of(exc.description or "")
    except nats.errors.TimeoutError:
        return None  # what may not be asked, because of the user's permissions, is not answered
    return None


def failure_of(description: str) -> str | None:
    """Return why a stream stores nothing, from the server's reply to a deletion; None if it works."""
    found = _FAILED_WRITE.match(description)
    if found is None:
        return None
    reason = found["reason"].strip()
    full = "the disk is full" if "no space" in reason or "quota" in reason else "the disk fails"
    return f"{full} ({reason}); {_NOTHING_MORE}"


async def is_written(client: Client) -> bool:
    """Store a message on a stream and delete it again; say whether that worked.

    It may take as long as any other message. A full stream is no failure here: the disk works, and other streams do
    too.
    """
    stream = client.jetstream(timeout=PATIENCE_S)
    try:
        stored = await stream.publish(_TRIED, b"", timeout=ACK_TIMEOUT_S)
        await stream.delete_msg(stored.stream, stored.seq)
    except nats.js.errors.APIError as exc:
        return exc.err_code == _STORE_FAILED and _FULL in (exc.description or "")
    except (nats.errors.Error, OSError, TimeoutError):
        return False
    return True
