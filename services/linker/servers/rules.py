"""Which settings a server may have, and what a probe changes in them. Pure decisions."""

from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from services.linker.servers.probe_results import ProbeResult
from services.linker.servers.store import ServerRow
from shared.errors import ConflictError, Fault, InvalidError
from shared.http.egress import Egress, EgressError, canonical, origin_of
from shared.schemas.servers import ServerSettings

LONGEST_NAME: Final = 60
LONGEST_URL: Final = 500
RESERVED: Final = frozenset({"plex.tv", "discord", "trakt", "seerr", "add"})
"""Names of other systems in messages and rate limits, and of the page that adds a server."""


def field_error(path: str, message: str) -> InvalidError:
    """Return an error about one field."""
    return InvalidError(message, faults=(Fault(path, message),))


def name_of(text: str) -> str:
    """Return a server's name; raise `InvalidError` for one that cannot stand in an address or a message."""
    name = text.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable() or "/" in name or not name.strip("."):
        raise field_error("name", f"a name has 1 to {LONGEST_NAME} printable characters, none of them a slash")
    if name.lower() in RESERVED:
        raise field_error("name", f"{name!r} is reserved: choose another name")
    return name


def url_of(text: str, egress: Egress) -> str:
    """Return a server's address as it is stored; raise `InvalidError` for one that Usher will not connect to."""
    url = text.strip().rstrip("/")
    if not 1 <= len(url) <= LONGEST_URL or not url.isprintable() or " " in url:
        raise field_error("url", f"an address has 1 to {LONGEST_URL} printable characters")
    try:
        egress.check_url(url)
        parts, plain = urlsplit(url), canonical(url)
    except EgressError as exc:
        raise field_error("url", exc.detail) from exc
    except ValueError as exc:
        raise field_error("url", "The address cannot be read") from exc
    if parts.query or parts.fragment or "#" in url or "?" in url:
        raise field_error("url", "The address must end before a ? or #: only http://host:port and a path count")
    return plain.rstrip("/")


def require_same_origin(secret: str, url: str, *, before: str) -> None:
    """Raise `InvalidError` where a stored secret would be sent to another address than it was given for.

    The machine id of what answers there proves nothing: it is no secret, and any server can claim it.
    """
    if origin_of(url) != origin_of(before):
        what = secret.replace("_", " ")
        raise field_error(secret, f"the stored {what} is sent to no other host, port or scheme: send it too")


def row_of(wanted: ServerSettings, egress: Egress) -> ServerRow:
    """Return a new server's row; raise `InvalidError` for a name or an address that cannot be."""
    settings: dict[str, Any] = {
        "type": wanted.type,
        "enabled": wanted.enabled,
        "request_limit": wanted.request_limit,
        "include_owner": wanted.include_owner,
        "libraries": wanted.libraries,
        "machine_id": wanted.machine_identifier or None,
    }
    return ServerRow(name=name_of(wanted.name), url=url_of(wanted.url, egress), **settings)


def with_result(row: ServerRow, probe: ProbeResult) -> ServerRow:
    """Return a server's row with what a probe found; raise `InvalidError` where it must not be stored."""
    if probe.refusal is not None:
        raise field_error(probe.refusal.path, probe.refusal.message)
    return msgspec.structs.replace(
        row,
        machine_id=probe.machine_id or row.machine_id,
        version=probe.version or row.version,
        dialect=probe.dialect or row.dialect,
        reachable=probe.reachable,
        user_count=row.user_count if probe.user_count is None else probe.user_count,
        problem=probe.problem,
    )


def require_revision(row: ServerRow, *, revision: int) -> None:
    """Raise `ConflictError` where a server was changed since this revision was read."""
    if row.revision != revision:
        raise ConflictError("somebody else changed the server at the same time: look at it, and try again")
