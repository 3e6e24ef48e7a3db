"""What the embedded servers have in common: how they fail, and where they can listen."""

import socket

from shared.errors import PermanentError


class EmbeddedServerError(PermanentError):
    """An embedded server cannot be made or started here."""


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
