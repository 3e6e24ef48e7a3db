"""`/people/unclaimed`: accounts of nobody, with suggestions of whose each is. Nothing is claimed automatically."""

import asyncio
from typing import Any, Final

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery

from services.gateway.api.guards import needs
from services.gateway.dashboard.forms import Form
from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.listing import offset_of, search_of
from services.gateway.dashboard.server_names import server_names
from services.gateway.dashboard.suggestions import suggestions_of
from services.gateway.dashboard.view import View
from shared.errors import ConflictError, InvalidError, NotFoundError
from shared.schemas.people import Person, PersonPage, UnclaimedAccount, UnclaimedPage
from shared.schemas.servers import ServerPage

_PATH: Final = "/people/unclaimed"
_MOST: Final = 200
RefusedClaim = InvalidError | NotFoundError | ConflictError


class UnclaimedController(Controller):
    """The list, and a page to say whose one account is."""

    path = _PATH

    @get("/", opt=needs("read"))
    async def list_unclaimed(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        search: FromQuery[str] = "",
        offset: FromQuery[str] = "",
    ) -> Response[str]:
        """List accounts of nobody, last seen first."""
        wanted: dict[str, Any] = {"search": search_of(search), "offset": offset_of(offset)}
        accounts, namesakes, servers = await asyncio.gather(
            api.look("/people/unclaimed", UnclaimedPage, **wanted),
            api.look("/people/unclaimed/namesakes", PersonPage, **wanted),
            api.look("/mediaservers", ServerPage, limit=_MOST),
        )
        people = namesakes.value.items if namesakes.value else []
        listed = accounts.value.items if accounts.value else []
        return view.page(
            "people/unclaimed.html",
            accounts=accounts,
            rows=[(account, suggestions_of(account, people)) for account in listed],
            names=server_names(servers),
            search=wanted["search"] or "",
        )

    @get("/claim", opt=needs("write"))
    async def choose(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        source: FromQuery[str] = "",
        server: FromQuery[str] = "",
        account_id: FromQuery[str] = "",
        search: FromQuery[str] = "",
    ) -> Response[Any]:
        """Show whose an account could be, and a form for somebody new."""
        return await _claim_page(view, api, (source, server, account_id), search=search)

    @post("/claim", opt=needs("write"))
    async def claim(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], form: NamedDependency[Form]
    ) -> Response[Any]:
        """Give an account to a person, or to a new one where a name is sent instead."""
        body = {name: form.text(name) for name in ("source", "server", "account_id")}
        body |= {name: form.text(name) for name in ("person_id", "name") if form.text(name)}
        try:
            person = await api.post("/people/unclaimed/claim", Person, body)
        except (InvalidError, NotFoundError, ConflictError) as exc:
            key = (body["source"], body["server"], body["account_id"])
            return await _claim_page(view, api, key, name=form.text("name"), error=exc)
        return view.go(_PATH, view.say("unclaimed.done", name=person.name))


async def _claim_page(
    view: View,
    api: InternalApi,
    key: tuple[str, str, str],
    *,
    search: str = "",
    name: str = "",
    error: RefusedClaim | None = None,
) -> Response[Any]:
    """Return the page of one account; go to the list where the account is somebody's, or was never seen."""
    account = await _find(api, key)
    if account is None:
        return view.go(_PATH, error.detail if isinstance(error, ConflictError) else view.say("unclaimed.gone"))
    wanted = search_of(search)
    namesakes, people, servers = await asyncio.gather(
        api.look("/people/unclaimed/namesakes", PersonPage, account_id=account.account_id, limit=_MOST),
        api.look("/people", PersonPage, search=wanted, limit=20),
        api.look("/mediaservers", ServerPage, limit=_MOST),
    )
    return view.page(
        "people/claim.html",
        status=error.status if error else 200,
        account=account,
        suggestions=suggestions_of(account, namesakes.value.items if namesakes.value else []),
        people=people,
        names=server_names(servers),
        search=wanted or "",
        name=name or account.account_name or f"{account.source} {account.account_id}",
        faults={fault.path: fault.message for fault in error.faults} if error else {},
        detail=_detail(view, error),
    )


def _detail(view: View, error: RefusedClaim | None) -> str:
    if isinstance(error, NotFoundError):
        return view.say("unclaimed.no_such_person")
    return error.detail if error and not error.faults else ""


async def _find(api: InternalApi, key: tuple[str, str, str]) -> UnclaimedAccount | None:
    if search_of(key[2]) != key[2]:
        return None  # the API would refuse such an id
    page = await api.get("/people/unclaimed", UnclaimedPage, account_id=key[2], limit=_MOST)
    return next((each for each in page.items if (each.source, each.server, each.account_id) == key), None)
