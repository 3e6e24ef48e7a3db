"""Makes the pages when the first is opened: a gateway that only takes webhooks spends no time and memory on them."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from litestar import Controller
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send


class OnDemand:
    """Hands what begins like a page to the pages, and everything else to the API."""

    def __init__(self, api: ASGIApp, prefixes: Iterable[str], make: Callable[[], ASGIApp]) -> None:
        self._api = api
        self._prefixes = frozenset(prefixes)
        self._make = make
        self._pages: ASGIApp | None = None
        self._making = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given: Any = scope
        is_page = given["path"].lstrip("/").partition("/")[0] in self._prefixes
        app = await self._made() if is_page else self._api
        await app(scope, receive, send)

    async def _made(self) -> ASGIApp:
        async with self._making:
            if self._pages is None:  # in a thread, because it takes a while, and webhooks come meanwhile
                self._pages = await asyncio.to_thread(self._make)
            return self._pages


def first_segments(controllers: Iterable[type[Controller]]) -> set[str]:
    """Return how the paths of controllers begin: `people` for `/people/{id}`, nothing for `/`."""
    return {
        f"{vars(controller).get('path', '')}{path}".lstrip("/").partition("/")[0]
        for controller in controllers
        for handler in vars(controller).values()
        if isinstance(handler, HTTPRouteHandler)
        for path in handler.paths or {"/"}
    }
