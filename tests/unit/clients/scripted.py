"""A server that answers what a test wants, in turn, and keeps what it was asked."""

from typing import Any

import httpx
import msgspec


class Scripted:
    """Any server; its last answer is given again and again."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.asked: list[httpx.Request] = []
        self._answers = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    @property
    def http(self) -> httpx.AsyncClient:
        """Return a client whose every request comes here."""
        return httpx.AsyncClient(transport=httpx.MockTransport(self))

    @property
    def last(self) -> httpx.Request:
        """Return what was asked last."""
        return self.asked[-1]

    @property
    def body(self) -> Any:
        """Return the JSON of what was asked last."""
        return msgspec.json.decode(self.last.content)


def good(body: Any, status: int = 200) -> httpx.Response:
    """Return an answer in JSON."""
    return httpx.Response(status, json=body)


def page(status: int) -> httpx.Response:
    """Return an answer for people."""
    return httpx.Response(status, html="<!doctype html><title>Just a moment...</title>")
