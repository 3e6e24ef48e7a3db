"""`/`: where a browser begins. It shows the reference."""

from typing import Final

from litestar import Router, get
from litestar.response import Redirect

_REFERENCE: Final = "docs"


def router(subpath: str) -> Router:
    """Return the page's route.

    Without a path of its own, the address is relative: a proxy that nobody told us of may have taken a path away.
    """
    address = f"{subpath}/{_REFERENCE}" if subpath else _REFERENCE

    @get("/", include_in_schema=False)
    async def show() -> Redirect:
        """Go on to the reference."""
        return Redirect(address, status_code=302)

    return Router("/", route_handlers=[show])
