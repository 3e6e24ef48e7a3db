"""`/servers/{name}`: one media server, its settings, its test, its webhook, and its end."""

import asyncio
from typing import Any, Final

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from services.gateway.access.caller import Caller
from services.gateway.api.guards import needs
from services.gateway.api.mediaservers import ServerName
from services.gateway.api.webhook_secrets import SecretItem, SecretPage
from services.gateway.dashboard.forms import Form
from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.outcome import Outcome, outcome_of
from services.gateway.dashboard.pages.servers import MOST, WITHIN
from services.gateway.dashboard.server_forms import (
    changes_of,
    differences,
    faults_of,
    fingerprint,
    shown_of,
    typed_in,
    webhook_addresses,
)
from services.gateway.dashboard.view import View
from shared.errors import NotFoundError, UsherError
from shared.schemas.plex import LibraryPage
from shared.schemas.servers import RemovedServer, Server, ServerTest
from shared.schemas.signins import IntegrationPage

_CONFLICT: Final = 409


class ServerController(Controller):
    """Names may hold anything but a slash: `View.go` and `url` encode them."""

    path = "/servers/{name:str}"

    @get("/", opt=needs("read", within=WITHIN))
    async def show_server(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        caller: NamedDependency[Caller],
        name: ServerName,
    ) -> Response[str]:
        """Show a server, and to an admin its form."""
        server = await _server(api, name)
        return view.page("servers/server.html", **await _parts(api, server, caller))

    @post("/", opt=needs("admin", within=WITHIN), status_code=200)
    async def change_server(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        form: NamedDependency[Form],
        caller: NamedDependency[Caller],
        name: ServerName,
    ) -> Response[Any]:
        """Change a server, unless it is not as the form showed it any more."""
        server = await _server(api, name)
        changes = changes_of(server, form)
        if form.text("seen") != fingerprint(server):
            parts = await _parts(api, server, caller)
            shown = {"typed": typed_in(form), "conflict": True, "differences": differences(changes, server)}
            return view.page("servers/server.html", status=_CONFLICT, **parts | shown)
        try:
            if changes:
                await api.put(f"/mediaservers/{name}", Server, changes)
        except UsherError as exc:
            parts = await _parts(api, server, caller)
            shown = {"typed": typed_in(form), "error": exc, "faults": faults_of(exc)}
            return view.page("servers/server.html", status=exc.status, **parts | shown)
        return view.go(f"/servers/{name}", view.say("servers.changed", name=name))

    @post("/test", opt=needs("write", within=WITHIN), status_code=200)
    async def test_server(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], name: ServerName
    ) -> Response[str]:
        """Show what works and what does not."""
        test = await outcome_of(api.post(f"/mediaservers/{name}/test", ServerTest))
        return view.page("servers/tested.html", name=name, back=f"/servers/{name}", test=test)

    @post("/webhook", opt=needs("admin"))
    async def make_webhook(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], name: ServerName
    ) -> Redirect:
        """Make an address for this server."""
        server = await _server(api, name)
        await api.post("/webhooks/secrets", SecretItem, {"source": server.type, "server": server.name})
        return view.go(f"/servers/{name}", view.say("servers.webhook_made"))

    @get("/remove", opt=needs("admin"))
    async def ask_to_remove(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], name: ServerName
    ) -> Response[str]:
        """Say what depends on a server before it is removed."""
        server, accounts, secrets = await asyncio.gather(
            _server(api, name),
            api.look("/integrations", IntegrationPage, all="true", limit=MOST),
            api.look("/webhooks/secrets", SecretPage, limit=MOST),
        )
        return view.page(
            "servers/remove.html",
            server=server,
            accounts=accounts,
            people=_people_on(server, accounts),
            webhooks=webhook_addresses(secrets.value, source=server.type, server=name) if secrets.value else [],
        )

    @post("/remove", opt=needs("admin"))
    async def remove_server(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], name: ServerName
    ) -> Redirect:
        """Remove a server; one that is gone already is as good."""
        try:
            await api.delete(f"/mediaservers/{name}", RemovedServer)
        except NotFoundError:
            return view.go("/servers", view.say("servers.gone", name=name))
        return view.go("/servers", view.say("servers.removed", name=name))


async def _server(api: InternalApi, name: str) -> Server:
    return await api.get(f"/mediaservers/{name}", Server)


async def _parts(api: InternalApi, server: Server, caller: Caller) -> dict[str, Any]:
    secrets, libraries = await asyncio.gather(
        api.look("/webhooks/secrets", SecretPage, limit=MOST), _libraries(api, server, caller)
    )
    return {
        "server": server,
        "typed": shown_of(server),
        "seen": fingerprint(server),
        "secrets": secrets,
        "webhooks": webhook_addresses(secrets.value, source=server.type, server=server.name) if secrets.value else [],
        "libraries": libraries,
        "conflict": False,
        "differences": [],
        "error": None,
        "faults": {},
    }


async def _libraries(api: InternalApi, server: Server, caller: Caller) -> Outcome[LibraryPage]:
    """Read a Plex server's libraries; one that does not answer or is turned off is not waited for."""
    is_asked = server.type == "plex" and server.enabled and server.reachable is not False and caller.may("admin")
    return await api.look(f"/plex/{server.name}/libraries", LibraryPage, limit=MOST) if is_asked else Outcome()


def _people_on(server: Server, accounts: Outcome[IntegrationPage]) -> list[str]:
    """Return who has linked an account on this server; accounts of Plex are valid on all its servers."""
    listed = accounts.value.items if accounts.value else []
    return [
        each.person.name
        for each in listed
        if each.provider == server.type and each.account.server in {"", server.machine_identifier}
    ]
