"""The address at the other end of a connection."""

from typing import Any

from litestar.connection import ASGIConnection


def address(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Return the caller's address: the peer's, or the one that a trusted proxy names (`forwarded`)."""
    return connection.client.host if connection.client else ""
