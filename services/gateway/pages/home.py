"""`/`: where a browser begins. It shows the reference."""

from typing import Final

from litestar import Router, get
from litestar.response import Redirect

from services.gateway.api.handlers import free

_REFERENCE: Final = "/docs"


async def show() -> Redirect:
    """Go on to the reference."""
    return Redirect(_REFERENCE, status_code=302)


def router() -> Router:
    """Return the page's route."""
    return Router("/", route_handlers=[get("/", include_in_schema=False)(free(show))])
