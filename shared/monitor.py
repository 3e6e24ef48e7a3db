"""`/health` and `/metrics` for services that serve nothing else over HTTP.

prometheus_client's WSGI application serves them on its own thread, so they answer while the event loop is busy. A
stalled loop shows as an old heartbeat.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog
from prometheus_client import make_wsgi_app

from shared.watchdog import Heartbeat

UNHEALTHY_AFTER_S: Final = 5.0

log = structlog.get_logger()
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class _Server(ThreadingMixIn, WSGIServer):
    """One thread per connection, so that an idle one delays neither others nor the shutdown."""

    daemon_threads = True
    block_on_close = False


class _Quiet(WSGIRequestHandler):
    timeout = 5
    """Seconds that a connection may stay silent."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the standard library's name)
        """Log nothing: health checks would fill the log."""


@contextmanager
def monitor(heartbeat: Heartbeat, *, host: str, port: int) -> Iterator[None]:
    """Serve both pages while the block runs; with port 0 serve nothing, and if the port is taken, log that."""
    server = _listen(heartbeat, host, port) if port else None
    if server is None:
        yield
        return
    thread = threading.Thread(target=server.serve_forever, name="monitor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _listen(heartbeat: Heartbeat, host: str, port: int) -> WSGIServer | None:
    metrics = make_wsgi_app()

    def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/metrics":
            pages: Iterable[bytes] = metrics(environ, start_response)
            return pages
        healthy = heartbeat.age_s < UNHEALTHY_AFTER_S
        start_response("200 OK" if healthy else "503 Service Unavailable", [("Content-Type", "application/json")])
        return [b'{"status":"ok"}' if healthy else b'{"status":"stalled"}']

    try:
        return make_server(host, port, application, server_class=_Server, handler_class=_Quiet)
    except OSError as exc:
        log.warning("monitor_off", port=port, reason=str(exc))
        return None
