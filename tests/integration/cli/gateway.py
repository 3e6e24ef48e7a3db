"""A gateway with canned answers on a real port, so that the commands' own client is tested."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit


class Asked(NamedTuple):
    """A request that the gateway received."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    key: str


class FakeGateway:
    """Answers `METHOD /path` as prepared (a list one by one), otherwise 404; records its requests.

    `pauses` are the seconds before an answer.
    """

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = dict(answers)
        self.pauses: dict[str, float] = {}
        self.asked: list[Asked] = []
        self.address = ""

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        url = urlsplit(target)
        asked = Asked(
            method, url.path, dict(parse_qsl(url.query)), json.loads(body or b"null"), headers.get("X-API-Key") or ""
        )
        self.asked.append(asked)
        time.sleep(self.pauses.get(f"{method} {url.path}", 0))
        answer = self.answers.get(f"{method} {url.path}")
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else None
        if answer is None:
            return 404, json.dumps({"title": "Not found", "detail": f"there is no {url.path}"}).encode()
        return (200, answer) if isinstance(answer, bytes) else (200, json.dumps(answer).encode())


@contextmanager
def serving(answers: Mapping[str, Any], *, kind: type[FakeGateway] = FakeGateway) -> Iterator[FakeGateway]:
    gateway = kind(answers)

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            status, content = gateway.answer(self.command, self.path, dict(self.headers), self.rfile.read(length))
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815 (http.server's names)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    gateway.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
