"""Usher under a path of somebody's host, such as http://nas.local/usher.

A proxy may strip that path or leave it: both work.
"""

from collections.abc import Collection
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from litestar.types import ASGIApp, Receive, Scope, Send


def subpath_of(public_url: str) -> str:
    """Return the path that an address has beside its host: `/usher`, or nothing."""
    return urlsplit(public_url).path.rstrip("/")


class Subpath:
    """Strips the path if it is still there; a path that begins like a route of ours is ignored."""

    def __init__(self, app: ASGIApp, subpath: str, *, routes: Collection[str]) -> None:
        self._app = app
        is_ours = any(_first(route) == _first(subpath) for route in routes)
        self._subpath = "" if is_ours else unquote(subpath)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given: Any = scope
        path: str = given["path"]
        if self._subpath and f"{path}/".startswith(f"{self._subpath}/"):
            rest = path.removeprefix(self._subpath) or "/"
            given = {**given, "path": rest, "raw_path": quote(rest).encode()}
        await self._app(given, receive, send)


def _first(path: str) -> str:
    return path.split("/")[1] if "/" in path else ""
