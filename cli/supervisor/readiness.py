"""Checks a program over HTTP, with a plain socket: an HTTP client would stay in memory for ever."""

import socket
from typing import Final

from cli.supervisor.program import HttpCheck

_PATIENCE_S: Final = 0.5
_MOST: Final = 4096
_STOPPED: Final = b"write error"
"""What nats-server's /healthz says of a stream that takes nothing more until the server is started again:
https://docs.nats.io/release-notes/whats_new/whats_new_214"""


def passes(check: HttpCheck) -> bool:
    """Say whether the address gives the expected answer within half a second."""
    return _status(_answer(check)) == check.status


def has_stopped_writing(health: HttpCheck) -> bool:
    """Say whether a nats-server refuses to write after a failed write; one that does not answer may be starting."""
    answer = _answer(health)
    return _status(answer) not in (0, health.status) and _STOPPED in answer


def _status(answer: bytes) -> int:
    words = answer.split(b" ", 2)
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0


def _answer(check: HttpCheck) -> bytes:
    """Return the beginning of the answer; empty if there is none."""
    request = f"GET {check.path} HTTP/1.0\r\nHost: {check.host}\r\n\r\n"
    answer = b""
    try:
        with socket.create_connection((check.host, check.port), timeout=_PATIENCE_S) as connection:
            connection.settimeout(_PATIENCE_S)
            connection.sendall(request.encode("ascii"))
            while len(answer) < _MOST and (more := connection.recv(_MOST)):
                answer += more
    except OSError:
        return answer
    return answer
