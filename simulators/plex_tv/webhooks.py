"""The webhooks of plex.tv's accounts: a list for each, which a POST replaces as a whole.

https://github.com/pkkid/python-plexapi (myplex.py, `setWebhooks`); without Plex Pass, both calls are refused:
https://github.com/morpheus65535/bazarr/pull/3550.
"""

from urllib.parse import parse_qsl

from simulators.asgi import Handler, Request, Response
from simulators.plex_markup import respond
from simulators.plex_tv.accounts import Accounts, PlexAccount
from simulators.plex_tv.refusals import refusal, unauthorized


class Webhooks:
    """The addresses by account."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self.of: dict[int, list[str]] = {}

    def routes(self) -> dict[str, Handler]:
        """Return the routes."""
        return {"GET /api/v2/user/webhooks": self._show, "POST /api/v2/user/webhooks": self._replace}

    async def _show(self, request: Request) -> Response:
        account = self._holder(request)
        if account is None:
            return unauthorized(request)
        return self._answer(request, account, status=200)

    async def _replace(self, request: Request) -> Response:
        account = self._holder(request)
        if account is None:
            return unauthorized(request)
        if account.has_pass:
            self.of[account.id] = [value for name, value in parse_qsl(request.body.decode()) if name == "urls[]"]
        return self._answer(request, account, status=201)

    def _answer(self, request: Request, account: PlexAccount, *, status: int) -> Response:
        if not account.has_pass:
            return refusal(request, 1043, "This action is not available for this user", 403)
        listed = [{"url": url} for url in self.of.get(account.id, [])]
        return respond(request, "webhooks", listed, status=status)

    def _holder(self, request: Request) -> PlexAccount | None:
        return self._accounts.holder(request.header("X-Plex-Token") or request.query.get("X-Plex-Token", ""))
