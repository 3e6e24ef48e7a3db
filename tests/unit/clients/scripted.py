"""A server that gives prepared answers in turn, and records its requests."""

from typing import Any

import httpx
import msgspec


class Scripted:
    """Any server; its last answer is repeated."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.asked: list[httpx.Request] = []
        self._answers = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    @property
    def http(self) -> httpx.AsyncClient:
        """Return a client that sends every request here."""
        return httpx.AsyncClient(transport=httpx.MockTransport(self))

    @property
    def last(self) -> httpx.Request:
        """Return the last request."""
        return self.asked[-1]

    @property
    def body(self) -> Any:
        """Return the JSON of the last request."""
        return msgspec.json.decode(self.last.content)


def good(body: Any, status: int = 200) -> httpx.Response:
    """Return a JSON answer."""
    return httpx.Response(status, json=body)


def page(status: int) -> httpx.Response:
    """Return a web page as answer."""
    return httpx.Response(status, html="<!doctype html><title>Just a moment...</title>")
