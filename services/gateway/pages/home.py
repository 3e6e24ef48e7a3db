"""`/`: where a browser begins. It shows the reference."""

from typing import Final

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.response import Redirect

_REFERENCE: Final = "docs"


class HomeController(Controller):
    """The address alone."""

    include_in_schema = False

    @get("/")
    async def show(self, subpath: NamedDependency[str]) -> Redirect:
        """Go on to the reference.

        Without a path of its own, the address is relative: a proxy that nobody told us of may have taken a path away.
        """
        return Redirect(f"{subpath}/{_REFERENCE}" if subpath else _REFERENCE, status_code=302)
