"""`/seerr`: the connection to Seerr. Its address is its own: a media server may have any name."""

from typing import Any, Final

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from services.gateway.api.guards import needs
from services.gateway.api.webhook_secrets import SecretItem, SecretPage
from services.gateway.dashboard.forms import Form
from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.outcome import Outcome, outcome_of
from services.gateway.dashboard.pages.servers import MOST, WITHIN, shown_status
from services.gateway.dashboard.server_forms import (
    changes_of_seerr,
    differences,
    faults_of,
    fingerprint,
    shown_of,
    typed_in,
    webhook_addresses,
)
from services.gateway.dashboard.view import View
from shared.errors import NotFoundError, UsherError
from shared.schemas.servers import RemovedSeerr, SeerrConnection

_CONFLICT: Final = 409


class SeerrController(Controller):
    """Seerr is asked whenever it is shown."""

    path = "/seerr"

    @get("/", opt=needs("read", within=WITHIN))
    async def show_seerr(self, view: NamedDependency[View], api: NamedDependency[InternalApi]) -> Response[str]:
        """Show the connection, and to an admin its form."""
        seerr = await api.get("/seerr", SeerrConnection)
        return view.page("servers/seerr.html", **await _parts(api, seerr))

    @get("/state", opt=needs("read", within=WITHIN))
    async def show_state(self, view: NamedDependency[View], api: NamedDependency[InternalApi]) -> Response[str]:
        """Show how Seerr is, for the list of servers."""
        return view.page("servers/seerr_state.html", seerr=await api.look("/seerr", SeerrConnection))

    @post("/", opt=needs("admin", within=2 * WITHIN), status_code=200)
    async def change_seerr(
        self,
        request: Request[Any, Any, Any],
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        form: NamedDependency[Form],
    ) -> Response[Any]:
        """Change the connection, unless it is not as the form showed it any more; `do=test` only tests it."""
        seerr = await api.get("/seerr", SeerrConnection)
        changes = changes_of_seerr(seerr, form)
        if form.text("seen") != fingerprint(seerr):
            shown = {"typed": typed_in(form), "conflict": True, "differences": differences(changes, seerr)}
            status = shown_status(request, _CONFLICT)
            return view.page("servers/seerr.html", status=status, **await _parts(api, seerr) | shown)
        if form.text("do") == "test":
            tried = await outcome_of(api.put("/seerr", SeerrConnection, changes, dry_run=True))
            page = await _tried(view, api, seerr, form, tried)
            page.status_code = shown_status(request, page.status_code or 200)
            return page
        try:
            if changes:
                await api.put("/seerr", SeerrConnection, changes)
        except UsherError as exc:
            return await _tried(view, api, seerr, form, Outcome(error=exc))
        return view.go("/seerr", view.say("servers.changed", name="Seerr"))

    @post("/webhook", opt=needs("admin"))
    async def make_webhook(self, view: NamedDependency[View], api: NamedDependency[InternalApi]) -> Redirect:
        """Make an address for Seerr."""
        await api.post("/webhooks/secrets", SecretItem, {"source": "seerr"})
        return view.go("/seerr", view.say("servers.webhook_made"))

    @get("/remove", opt=needs("admin", within=WITHIN))
    async def ask_to_remove(self, view: NamedDependency[View], api: NamedDependency[InternalApi]) -> Response[str]:
        """Say what depends on Seerr before it is removed."""
        return view.page("servers/remove_seerr.html", seerr=await api.get("/seerr", SeerrConnection))

    @post("/remove", opt=needs("admin"))
    async def remove_seerr(self, view: NamedDependency[View], api: NamedDependency[InternalApi]) -> Redirect:
        """Forget the connection; one that is gone already is as good."""
        try:
            removed = await api.delete("/seerr", RemovedSeerr)
        except NotFoundError:
            return view.go("/servers", view.say("servers.gone", name="Seerr"))
        return view.go("/servers", view.say("servers.seerr_removed", count=removed.people))


async def _parts(api: InternalApi, seerr: SeerrConnection) -> dict[str, Any]:
    secrets = await api.look("/webhooks/secrets", SecretPage, limit=MOST)
    return {
        "seerr": seerr,
        "typed": shown_of(seerr),
        "seen": fingerprint(seerr),
        "secrets": secrets,
        "webhooks": webhook_addresses(secrets.value, source="seerr", server=None)[:1] if secrets.value else [],
        "conflict": False,
        "differences": [],
        "tried": None,
        "error": None,
        "faults": {},
    }


async def _tried(
    view: View, api: InternalApi, seerr: SeerrConnection, form: Form, tried: Outcome[SeerrConnection]
) -> Response[str]:
    error = tried.error
    shown = {"typed": typed_in(form), "tried": tried.value, "error": error, "faults": faults_of(error) if error else {}}
    return view.page("servers/seerr.html", status=error.status if error else 200, **await _parts(api, seerr) | shown)
