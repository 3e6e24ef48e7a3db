"""`/link/done`: where people's browsers come back to after they signed in. Needs no credential and no script.

Whoever opens it with the id of a sign-in learns how it stands, and nothing of whose it is.
"""

import html
import re
from string import Template
from typing import Annotated, Any, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from services.gateway.ask import Ask
from shared.errors import NotFoundError, UsherError
from shared.schemas.signins import CheckSignIn, SignInState, Status

_SIGN_IN: Final = re.compile(r"[0-9a-z]{26}")
_REPEATS: Final = 5
_AGAIN_S: Final = 3
_PAGE: Final = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">$again
<title>$title · Usher</title>
</head>
<body>
<h1>$title</h1>
<p>$text</p>
<p>You may close this page.</p>
</body>
</html>
""")
_TEXTS: Final[dict[Status, tuple[str, str]]] = {
    "pending": ("Almost done", "Usher waits for the other side to confirm that you signed in, and goes on by itself."),
    "authorized": ("Done", "Your account is linked."),
    "expired": ("Too late", "This sign-in has expired. Begin again where you began."),
    "denied": ("Called off", "The sign-in was denied. Nothing was linked."),
    "cancelled": ("Called off", "This sign-in was called off. Nothing was linked."),
    "refused": ("Not linked", "This account cannot be linked."),
}

Text = Annotated[str, QueryParameter(max_length=200)]


class DoneController(Controller):
    """Asks the linker for one look at the sign-in, at once, and shows what came of it."""

    path, include_in_schema = "/link/done", False

    @get("/")
    async def show(self, ask: NamedDependency[Ask], id: Text = "", tries: Text = "") -> Response[str]:  # noqa: A002 (the parameter's name)
        """Return the page."""
        if not _SIGN_IN.fullmatch(id):
            return _not_found()
        try:
            standing = await ask(CheckSignIn(pin_id=id))
        except NotFoundError:
            return _not_found()
        except UsherError:
            return _page(503, "Not yet", "Usher cannot look right now, and goes on by itself as soon as it can.")
        title, text = _TEXTS[standing.status]
        return _page(200, title, standing.reason or text, again=_again(standing, id, tries))


def _again(standing: SignInState, sign_in_id: str, tries: str) -> str:
    """Return what lets the browser look again, a few times only."""
    done = int(tries) if tries.isascii() and tries.isdecimal() and len(tries) == 1 else 0
    if standing.status != "pending" or done >= _REPEATS:
        return ""
    return f'\n<meta http-equiv="refresh" content="{_AGAIN_S};url=?id={sign_in_id}&amp;tries={done + 1}">'


def _not_found() -> Response[str]:
    return _page(404, "Nothing here", "This address belongs to no sign-in, or to one of long ago.")


def _page(status: int, title: str, text: str, *, again: str = "") -> Response[str]:
    content = _PAGE.substitute(title=html.escape(title), text=html.escape(text), again=again)
    headers: dict[str, Any] = {"Retry-After": "5"} if status == 503 else {}  # noqa: PLR2004 (HTTP's)
    return Response(content, status_code=status, media_type="text/html", headers=headers)
