"""Who is at the other end of a connection."""

from typing import Any

from litestar.connection import ASGIConnection


def address(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Return the address of the caller: of the peer, or of whom a trusted proxy names (`forwarded`)."""
    return connection.client.host if connection.client else ""
