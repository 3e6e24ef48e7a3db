"""The pages where a person claims a PIN: app.plex.tv/auth for a strong one, plex.tv/link for a typed one.

The real pages ask for a password; these ask who you are. app.plex.tv gets its parameters after the `#` of its address,
which never reaches a server, so a script reads them.
"""

from html import escape
from typing import Final

from simulators.asgi import Handler, Request, Response, text_response
from simulators.plex_tv.accounts import Accounts
from simulators.plex_tv.pins import Pins

_HTML: Final = "text/html; charset=utf-8"
_FROM_THE_ADDRESS: Final = """<script>
const told = new URLSearchParams(location.hash.replace(/^#[?!]*/, ""));
for (const [field, name] of [["code", "code"], ["forward", "forwardUrl"]])
  document.querySelector(`[name=${field}]`).value = told.get(name) || "";
</script>"""


class Pages:
    """The two pages, and the route that their form is sent to."""

    def __init__(self, accounts: Accounts, pins: Pins) -> None:
        self._accounts = accounts
        self._pins = pins

    def routes(self) -> dict[str, Handler]:
        """Return the routes."""
        return {"GET /auth": self._auth, "GET /link": self._link, "POST /auth": self._claim}

    async def _auth(self, request: Request) -> Response:  # noqa: ARG002 - every handler is given it
        hidden = '<input type="hidden" name="code"><input type="hidden" name="forward">'
        return text_response(self._form(hidden) + _FROM_THE_ADDRESS, _HTML)

    async def _link(self, request: Request) -> Response:  # noqa: ARG002
        return text_response(self._form('<input name="code" placeholder="Code" maxlength="4" required>'), _HTML)

    def _form(self, fields: str) -> str:
        names = [account.username for account in self._accounts.by_id.values() if account.username]
        buttons = "".join(f'<button name="username" value="{escape(name)}">{escape(name)}</button>' for name in names)
        deny = '<button name="username" value="">Deny</button>'
        form = f'<form method="post" action="/auth">{fields}{buttons}{deny}</form>'
        return f"<!DOCTYPE html><h1>Sign in to Plex as</h1>{form}"

    async def _claim(self, request: Request) -> Response:
        form = request.form()
        pin = self._pins.with_code(form.get("code", ""))
        name = form.get("username", "")
        account = next((each for each in self._accounts.by_id.values() if each.username == name), None)
        if pin is None or pin.token is not None or pin.is_denied:
            return text_response("<!DOCTYPE html><h1>Code not found or expired</h1>", _HTML, 404)
        if account is None:
            self._pins.deny(pin.id)
            return text_response("<!DOCTYPE html><h1>Denied</h1>", _HTML)
        self._pins.claim(pin.id, account)
        forward = form.get("forward", "")
        if forward.startswith(("http://", "https://")):
            return Response(status=303, headers={"location": forward})
        return text_response("<!DOCTYPE html><h1>You are signed in</h1>", _HTML)
