"""Keeps the valid webhook secrets over a restart, so that a gateway takes webhooks while Postgres is away.

It is a file of digests beside the spool, replaced atomically: a crash leaves the old one or the new one.
"""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

from services.gateway.webhook_secrets.check import SecretEntry

_log = structlog.get_logger()


def save(path: Path, entries: Sequence[SecretEntry]) -> None:
    """Save these digests. Blocks for an fsync; raises `OSError` where the folder cannot be written."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as draft:
        draft.write(msgspec.json.encode(entries))
        draft.flush()
        os.fsync(draft.fileno())
    Path(draft.name).replace(path)


def load(path: Path) -> list[SecretEntry]:
    """Return what was saved last; nothing where there is no file or it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[SecretEntry])
    except FileNotFoundError:
        return []
    except (OSError, msgspec.MsgspecError) as exc:
        _log.warning("webhook_secrets_unreadable", path=str(path), reason=str(exc))
        return []
