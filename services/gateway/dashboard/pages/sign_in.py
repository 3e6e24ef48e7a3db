"""Connecting an account: by a code that is typed in elsewhere, while the page waits, or by name and password."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from services.gateway.api.guards import needs
from services.gateway.dashboard.connecting import (
    BY_CODE,
    BY_PASSWORD,
    ON_A_SERVER,
    Owner,
    owner_of,
    servers_for,
    system_of,
)
from services.gateway.dashboard.forms import Form
from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.view import View
from shared.errors import (
    BadGatewayError,
    ConflictError,
    InvalidError,
    NotFoundError,
    TransientError,
    UnprocessableError,
    UsherError,
)
from shared.schemas.servers import ServerPage
from shared.schemas.signins import PATIENT, Integration, Pin, SignInState

_MOST: Final = 200
_WRITE: Final = needs("write", own=True, within=PATIENT * 3)
_REFUSALS: Final = (
    *(BadGatewayError, ConflictError, InvalidError),
    *(NotFoundError, TransientError, UnprocessableError),
)
"""What the form is shown again for; others have pages of their own."""


class Connect(msgspec.Struct, frozen=True):
    """What is typed into the form, except for the password."""

    provider: str
    owner: Owner
    server: str = ""
    username: str = ""


class SignInController(Controller):
    """Whose the account is to be stands in the address and in the forms (`person`), and nowhere for one's own."""

    path = "/integrations/{provider:str}"

    @get("/connect", opt=_WRITE)
    async def show_ways(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        provider: FromPath[str],
        person: FromQuery[str] = "",
    ) -> Response[str]:
        """Show how an account of this system is connected."""
        return await _ways(view, api, Connect(system_of(provider), await owner_of(api, person)))

    @post("/connect", opt=_WRITE, status_code=200)
    async def connect(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        form: NamedDependency[Form],
        provider: FromPath[str],
    ) -> Response[Any]:
        """Link an account by user name and password."""
        wanted = await _wanted(api, form, provider)
        body = {
            "server": wanted.server or None,
            "username": wanted.username or None,
            "password": form.typed("password") or None,
            "person_id": wanted.owner.id or None,
        }
        try:
            linked = await api.post(f"/integrations/{wanted.provider}/connect", Integration, body)
        except _REFUSALS as exc:
            return await _ways(view, api, wanted, refused=exc)
        notice = view.say("integrations.connected", name=linked.account.username, system=wanted.provider.title())
        return view.go("/integrations", notice, person=wanted.owner.id)

    @post("/sign-in", opt=_WRITE, status_code=200)
    async def begin(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        form: NamedDependency[Form],
        provider: FromPath[str],
    ) -> Response[Any]:
        """Begin to sign in by a code, or go to the sign-in that is open."""
        wanted = await _wanted(api, form, provider)
        try:
            pin = await _begin(api, wanted)
        except _REFUSALS as exc:
            return await _ways(view, api, wanted, refused=exc)
        return _wait(view, wanted, pin)

    @get("/sign-in/{pin_id:str}", opt=_WRITE)
    async def show_sign_in(
        self,
        request: Request[Any, Any, Any],
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        provider: FromPath[str],
        pin_id: FromPath[str],
        person: FromQuery[str] = "",
        server: FromQuery[str] = "",
    ) -> Response[Any]:
        """Show the code, and whether it was used; asked by the waiting page itself, answer only what is over."""
        is_waiting_page = "hx-request" in request.headers
        system = system_of(provider)
        try:
            state = await api.post(f"/integrations/{system}/auth/check", SignInState, {"pin_id": pin_id})
        except TransientError:
            if is_waiting_page:
                return Response("", status_code=204)
            raise
        if state.status == "pending" and is_waiting_page:
            return Response("", status_code=204)
        wanted = Connect(system, await owner_of(api, person), server)
        pin = None
        if state.status == "pending":
            pin = await _begin(api, wanted)
            if pin.pin_id != pin_id:
                return _wait(view, wanted, pin)
        return view.page("integrations/sign_in.html", wanted=wanted, pin_id=pin_id, pin=pin, state=state)

    @post("/sign-in/{pin_id:str}/cancel", opt=_WRITE)
    async def cancel(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        form: NamedDependency[Form],
        provider: FromPath[str],
        pin_id: FromPath[str],
    ) -> Redirect:
        """Call the sign-in off; one that has ended stays as it is."""
        state = await api.delete(f"/integrations/{system_of(provider)}/auth/pin/{pin_id}", SignInState)
        return view.go("/integrations", view.say(f"integrations.now_{state.status}"), person=form.text("person"))


async def _begin(api: InternalApi, wanted: Connect) -> Pin:
    body = {"server": wanted.server or None, "person_id": wanted.owner.id or None}
    return await api.post(f"/integrations/{wanted.provider}/auth/pin", Pin, body)


def _wait(view: View, wanted: Connect, pin: Pin) -> Redirect:
    path = f"/integrations/{wanted.provider}/sign-in/{pin.pin_id}"
    return view.go(path, person=wanted.owner.id, server=wanted.server)


async def _wanted(api: InternalApi, form: Form, provider: str) -> Connect:
    owner = await owner_of(api, form.text("person"))
    return Connect(system_of(provider), owner, form.text("server"), form.text("username"))


async def _ways(view: View, api: InternalApi, wanted: Connect, *, refused: UsherError | None = None) -> Response[str]:
    faults: Mapping[str, str] = {fault.path: fault.message for fault in refused.faults} if refused else {}
    servers = await api.look("/mediaservers", ServerPage, limit=_MOST)
    return view.page(
        "integrations/connect.html",
        status=refused.status if refused else 200,
        wanted=wanted,
        by_code=wanted.provider in BY_CODE,
        by_password=wanted.provider in BY_PASSWORD,
        on_a_server=wanted.provider in ON_A_SERVER,
        servers=servers_for(wanted.provider, servers),
        faults=faults,
        detail=refused.detail if refused else "",
    )
