"""What the embedded servers have in common: how they fail, and where they can listen."""

import os
import socket
import sys

from shared.errors import PermanentError


class EmbeddedServerError(PermanentError):
    """An embedded server cannot be made or started here."""


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on, and that is handed to nobody else for our lifetime.

    Linux lets a server listen where another socket is only bound, so the port stays bound here, and in what this
    process becomes. Without that somebody else can get it before the server starts, or while it is started again.
    """
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(("127.0.0.1", 0))
    port = int(probe.getsockname()[1])
    if sys.platform == "linux":
        os.set_inheritable(probe.detach(), True)
    else:
        probe.close()
    return port
