"""A child for the supervisor: `stand_in.py HOW PORT ANYTHING`; it answers /health on the port where that is not 0.

HOW is `well`, `deaf` (to SIGTERM), `broken` (ends at once) or `misconfigured` (ends at once with status 2).
"""

import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        sys.stderr.write("stand-in: asked\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def main(how: str, port: int) -> None:
    sys.stderr.write("stand-in: this is not going well\n")
    match how:
        case "broken":
            sys.exit(1)
        case "misconfigured":
            sys.exit(2)
        case "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        case _:
            pass
    if port:
        threading.Thread(target=HTTPServer(("127.0.0.1", port), Healthy).serve_forever, daemon=True).start()
    while True:
        signal.pause()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
