"""`/servers` and `/servers/add`: the media servers, and new ones, which are tested before they are kept."""

from datetime import timedelta
from typing import Any, Final

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery

from services.gateway.access.caller import Caller
from services.gateway.api.guards import needs
from services.gateway.api.mediaservers import PATIENT
from services.gateway.dashboard.forms import Form
from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.outcome import Outcome
from services.gateway.dashboard.server_forms import KINDS, Typed, faults_of, new_server, typed_in
from services.gateway.dashboard.view import View
from shared.errors import UsherError
from shared.schemas.servers import DiscoveredServers, Server, ServerPage
from shared.schemas.signins import IntegrationPage

WITHIN: Final = PATIENT + timedelta(seconds=1)
"""A page has a little longer than the call that it makes."""
MOST: Final = 200


def shown_status(request: Request[Any, Any, Any], status: int) -> int:
    """Return the status of a page: htmx shows a part of a page only where that is 200."""
    return 200 if "hx-request" in request.headers else status


class ServersController(Controller):
    """The list, and the form for one more."""

    path = "/servers"

    @get("/", opt=needs("read"))
    async def list_servers(self, view: NamedDependency[View], api: NamedDependency[InternalApi]) -> Response[str]:
        """List the media servers as they were last seen; Seerr is asked now, so the page reads it afterwards."""
        return view.page("servers/index.html", servers=await api.look("/mediaservers", ServerPage, limit=MOST))

    @get("/add", opt=needs("admin"))
    async def show_form(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], kind: FromQuery[str] = ""
    ) -> Response[str]:
        """Show the form for a server of this kind."""
        chosen = kind if kind in KINDS else KINDS[0]
        return view.page("servers/add.html", **await _parts(api, chosen), typed=Typed())

    @post("/add", opt=needs("admin", within=WITHIN), status_code=200)
    async def add_server(
        self,
        request: Request[Any, Any, Any],
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        form: NamedDependency[Form],
        caller: NamedDependency[Caller],
    ) -> Response[Any]:
        """Find servers, test one, or keep it: the form stays as it is until it is kept."""
        kind = form.text("type")
        parts = await _parts(api, kind if kind in KINDS else KINDS[0]) | {"typed": typed_in(form)}
        if form.text("do") == "find":
            found = await _find(api, form, caller)
            return view.page("servers/add.html", **parts | {"found": found})
        body = new_server(form, kind)
        try:
            if form.text("do") == "keep":
                kept = await api.post("/mediaservers", Server, body)
                return view.go(f"/servers/{kept.name}", view.say("servers.added", name=kept.name))
            tried = await api.post("/mediaservers", Server, body, dry_run=True)
        except UsherError as exc:
            status = shown_status(request, exc.status)
            return view.page("servers/add.html", status=status, **parts | {"error": exc, "faults": faults_of(exc)})
        return view.page("servers/add.html", **parts | {"tried": tried})


async def _find(api: InternalApi, form: Form, caller: Caller) -> Outcome[DiscoveredServers]:
    token = form.optional("token")
    person = None if token else form.optional("person") or caller.person_id
    return await api.look("/plex/servers", DiscoveredServers, token=token, person=person)


async def _parts(api: InternalApi, kind: str) -> dict[str, Any]:
    accounts = await api.look("/integrations", IntegrationPage, all="true", limit=MOST) if kind == "plex" else Outcome()
    linked = [each for each in accounts.value.items if each.provider == "plex"] if accounts.value else []
    return {
        "kind": kind,
        "kinds": KINDS,
        "people": list({each.person.id: (each.person.id, each.person.name[:100]) for each in linked}.values()),
        "found": None,
        "tried": None,
        "error": None,
        "faults": {},
    }
