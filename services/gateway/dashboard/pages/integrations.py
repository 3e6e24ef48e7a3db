"""`/integrations`: which accounts are linked, one's own or, for an admin, others'; and unlinking them."""

import asyncio
from typing import Final

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from services.gateway.access.caller import Caller
from services.gateway.api.guards import needs
from services.gateway.dashboard.connecting import owner_of, system_of
from services.gateway.dashboard.forms import Form
from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.listing import offset_of
from services.gateway.dashboard.server_names import server_names
from services.gateway.dashboard.view import View
from shared.errors import NotFoundError
from shared.schemas.servers import ServerPage
from shared.schemas.signins import PATIENT, Integration, IntegrationPage, RemovedAccounts

_MOST: Final = 200
_WRITE: Final = needs("write", own=True, within=PATIENT * 2)


class IntegrationsController(Controller):
    """Whose accounts they are stands in the address (`person`), and nowhere for one's own."""

    path = "/integrations"

    @get("/", opt=needs("read", own=True))
    async def list_accounts(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        caller: NamedDependency[Caller],
        person: FromQuery[str] = "",
        offset: FromQuery[str] = "",
    ) -> Response[str]:
        """List somebody's accounts, and what else can be connected."""
        owner = await owner_of(api, person)
        accounts, servers = await asyncio.gather(
            api.look("/integrations", IntegrationPage, person=owner.id or None, offset=offset_of(offset)),
            api.look("/mediaservers", ServerPage, limit=_MOST),
        )
        return view.page(
            "integrations/index.html",
            owner=owner,
            accounts=accounts,
            names=server_names(servers),
            may_change=caller.may("write") or caller.person_id is not None,
        )

    @get("/all", opt=needs("admin"))
    async def list_all(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], offset: FromQuery[str] = ""
    ) -> Response[str]:
        """List everybody's accounts: first those that must be linked again."""
        accounts, servers = await asyncio.gather(
            api.look("/integrations", IntegrationPage, all="true", limit=_MOST, offset=offset_of(offset)),
            api.look("/mediaservers", ServerPage, limit=_MOST),
        )
        listed = accounts.value.items if accounts.value else []
        return view.page(
            "integrations/all.html",
            accounts=accounts,
            rows=sorted(listed, key=lambda each: each.state != "dead"),
            names=server_names(servers),
        )

    @get("/{provider:str}/disconnect", opt=needs("write", own=True))
    async def ask_to_disconnect(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        provider: FromPath[str],
        account: FromQuery[str] = "",
        server: FromQuery[str] = "",
        person: FromQuery[str] = "",
    ) -> Response[str]:
        """Ask before an account is unlinked."""
        owner = await owner_of(api, person)
        found = await _find(api, system_of(provider), account=account, server=server, person=owner.id)
        return view.page("integrations/disconnect.html", owner=owner, account=found)

    @post("/{provider:str}/disconnect", opt=_WRITE)
    async def disconnect(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        form: NamedDependency[Form],
        provider: FromPath[str],
    ) -> Redirect:
        """Unlink an account. Again is the same as once."""
        machine, person = form.text("server"), form.text("person")
        names = server_names(await api.look("/mediaservers", ServerPage, limit=_MOST)) if machine else {}
        removed = await api.delete(
            f"/integrations/{system_of(provider)}/connect",
            RemovedAccounts,
            account=form.text("account") or "-",
            server=names.get(machine),
            person=person or None,
        )
        said = ", ".join(each.username for each in removed.items)
        notice = view.say("integrations.disconnected", name=said) if said else view.say("integrations.was_gone")
        return view.go("/integrations", notice, person=person)


async def _find(api: InternalApi, provider: str, *, account: str, server: str, person: str) -> Integration:
    path = f"/integrations/{provider}/connect"
    page = await api.get(path, IntegrationPage, person=person or None, limit=_MOST)
    for each in page.items:
        if (each.account.id, each.account.server) == (account, server):
            return each
    raise NotFoundError("this account is not linked (any more)")
