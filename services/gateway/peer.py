"""Who is at the other end of a connection."""

from typing import Any

from litestar.connection import ASGIConnection


def address(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Return the address of the peer; what a proxy says of others behind it is not believed."""
    return connection.client.host if connection.client else ""
