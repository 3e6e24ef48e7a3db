"""Asks a program over HTTP whether it is ready, with a socket: an HTTP client would stay in memory for ever."""

import socket
from typing import Final

from cli.supervisor.program import Sign

_PATIENCE_S: Final = 0.5


def is_shown(sign: Sign) -> bool:
    """Say whether the address answers as it should within half a second."""
    request = f"GET {sign.path} HTTP/1.0\r\nHost: {sign.host}\r\n\r\n"
    try:
        with socket.create_connection((sign.host, sign.port), timeout=_PATIENCE_S) as connection:
            connection.settimeout(_PATIENCE_S)
            connection.sendall(request.encode("ascii"))
            return connection.recv(64).split(b" ")[1:2] == [b"%d" % sign.status]
    except OSError:
        return False
