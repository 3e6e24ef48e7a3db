"""A child process for the supervisor: `stand_in.py HOW PORT ANYTHING`; it answers /health unless the port is 0.

HOW is `well`, `deaf` (to SIGTERM), `broken` (ends at once), `misconfigured` (ends at once with status 2), `stopped`
(in its first life it says what a nats-server does that has stopped writing) or `stuck` (the same, and deaf in it).
"""

import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

LIVED = "lived"


class Healthy(BaseHTTPRequestHandler):
    answer: tuple[int, bytes] = (200, b'{"status":"ok"}')

    def do_GET(self) -> None:
        status, body = self.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)
        sys.stderr.write("stand-in: asked\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class Stopped(Healthy):
    answer = (503, b"JetStream stream '$G > WEBHOOKS' write error: write /data/1.blk: no space left on device")


def main(how: str, port: int, folder: Path) -> None:
    is_first = not (folder / LIVED).exists()
    handler = Stopped if how in {"stopped", "stuck"} and is_first else Healthy
    (folder / LIVED).touch()
    sys.stderr.write("stand-in: this is not going well\n")
    match how:
        case "broken":
            sys.exit(1)
        case "misconfigured":
            sys.exit(2)
        case "stuck" if not is_first:
            pass
        case "deaf" | "stuck":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        case _:
            pass
    if port:
        threading.Thread(target=HTTPServer(("127.0.0.1", port), handler).serve_forever, daemon=True).start()
    while True:
        signal.pause()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
