"""`/people/…`: take back what was said of a person (their accounts, a merge), and forget them."""

import asyncio
from typing import Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from services.gateway.api.guards import needs
from services.gateway.dashboard.forms import Form
from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.server_names import server_names
from services.gateway.dashboard.view import View
from shared.errors import ConflictError, InvalidError, NotFoundError
from shared.schemas.history import PlayStats
from shared.schemas.people import ForgottenPerson, Identity, MergedPeople, MergedPerson, Person
from shared.schemas.servers import ServerPage


class PeopleMoreController(Controller):
    """Each change has a page that says what will happen."""

    path = "/people/{person_id:str}"

    @get("/give-back", opt=needs("admin"))
    async def ask_to_give_back(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        person_id: FromPath[str],
        source: FromQuery[str] = "",
        server: FromQuery[str] = "",
        account_id: FromQuery[str] = "",
    ) -> Response[Any]:
        """Ask before an account is given back."""
        return await _give_back_page(view, api, person_id, (source, server, account_id))

    @post("/give-back", opt=needs("admin"))
    async def give_back(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        form: NamedDependency[Form],
        person_id: FromPath[str],
    ) -> Response[Any]:
        """Make an account nobody's. Again is the same as once."""
        body = {name: form.text(name) for name in ("source", "server", "account_id")}
        try:
            person = await api.post(f"/people/{person_id}/give-back", Person, body)
        except (ConflictError, InvalidError, NotFoundError) as exc:
            key = (body["source"], body["server"], body["account_id"])
            return await _give_back_page(view, api, person_id, key, error=exc)
        return view.go(f"/people/{person.id}", view.say("taking_back.given_back"))

    @get("/unmerge/{merged_id:str}", opt=needs("admin"))
    async def ask_to_unmerge(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        person_id: FromPath[str],
        merged_id: FromPath[str],
    ) -> Response[Any]:
        """Ask before a merge is undone."""
        return await _unmerge_page(view, api, person_id, merged_id)

    @post("/unmerge", opt=needs("admin"))
    async def unmerge(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        form: NamedDependency[Form],
        person_id: FromPath[str],
    ) -> Response[Any]:
        """Undo a merge, and show who is back. Again is the same as once."""
        merged_id = form.text("merged_id")
        try:
            back = await api.post(f"/people/{person_id}/unmerge", Person, {"merged_id": merged_id})
        except (ConflictError, InvalidError, NotFoundError) as exc:
            return await _unmerge_page(view, api, person_id, merged_id, error=exc)
        return view.go(f"/people/{back.id}", view.say("taking_back.unmerged", name=back.name))

    @get("/forget", opt=needs("admin"))
    async def ask_to_forget(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], person_id: FromPath[str]
    ) -> Response[Any]:
        """Say what will be deleted."""
        person = await api.get(f"/people/{person_id}", Person)
        stats = await api.look("/history/stats", PlayStats, person=person.id)
        return view.page("people/forget.html", person=person, stats=stats)

    @post("/forget", opt=needs("admin"))
    async def forget(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], person_id: FromPath[str]
    ) -> Redirect:
        """Forget a person. Again is the same as once."""
        gone = await api.delete(f"/people/{person_id}", ForgottenPerson)
        seerr_user = gone.remaining_seerr_user_id
        said = "taking_back.forgotten" if seerr_user is None else "taking_back.forgotten_but_in_seerr"
        return view.go("/people", view.say(said, id=seerr_user))


async def _give_back_page(
    view: View,
    api: InternalApi,
    person_id: str,
    key: tuple[str, str, str],
    *,
    error: ConflictError | InvalidError | NotFoundError | None = None,
) -> Response[Any]:
    """Return the page of one account; go to the person where it is not theirs."""
    person, servers = await asyncio.gather(
        api.get(f"/people/{person_id}", Person), api.look("/mediaservers", ServerPage, limit=200)
    )
    identity = _identity_of(person, key)
    if identity is None:
        return view.go(f"/people/{person.id}", error.detail if error else view.say("taking_back.not_theirs"))
    return view.page(
        "people/give_back.html",
        status=error.status if error else 200,
        person=person,
        identity=identity,
        names=server_names(servers),
        detail=error.detail if error else "",
    )


def _identity_of(person: Person, key: tuple[str, str, str]) -> Identity | None:
    return next((each for each in person.identities if (each.provider, each.server or "", each.id) == key), None)


async def _unmerge_page(
    view: View,
    api: InternalApi,
    person_id: str,
    merged_id: str,
    *,
    error: ConflictError | InvalidError | NotFoundError | None = None,
) -> Response[Any]:
    """Return the page of one merge; go to the person where there is none."""
    person, merges = await asyncio.gather(
        api.get(f"/people/{person_id}", Person), api.get(f"/people/{person_id}/merges", MergedPeople)
    )
    merged: MergedPerson | None = next((each for each in merges.items if each.id == merged_id), None)
    if merged is None:
        return view.go(f"/people/{person.id}", error.detail if error else view.say("taking_back.not_merged"))
    return view.page(
        "people/unmerge.html",
        status=error.status if error else 200,
        person=person,
        merged=merged,
        detail=error.detail if error else "",
    )
