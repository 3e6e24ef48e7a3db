"""What the embedded servers have in common: their errors, and finding a port."""

import os
import socket
import sys

from shared.errors import PermanentError


class EmbeddedServerError(PermanentError):
    """An embedded server cannot be set up or started here."""


def free_port() -> int:
    """Return a free port of the loopback address, reserved for our lifetime.

    On Linux a server can listen on a port to which another socket is only bound. So the port stays bound here, and in
    the process that this one becomes. Otherwise another program could take it before the server starts, or while it
    restarts.
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
