"""Asks a program over HTTP whether it is ready, with a socket: an HTTP client would stay in memory for ever."""

import socket
from typing import Final

from cli.supervisor.program import Health

_PATIENCE_S: Final = 0.5
_READY: Final = b"200"


def is_ready(health: Health) -> bool:
    """Say whether the address answers 200 within half a second."""
    request = f"GET {health.path} HTTP/1.0\r\nHost: {health.host}\r\n\r\n"
    try:
        with socket.create_connection((health.host, health.port), timeout=_PATIENCE_S) as connection:
            connection.settimeout(_PATIENCE_S)
            connection.sendall(request.encode("ascii"))
            return connection.recv(64).split(b" ")[1:2] == [_READY]
    except OSError:
        return False
