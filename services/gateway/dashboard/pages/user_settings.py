"""`/users`: what is set for single users. A password goes in and never comes out."""

from collections.abc import Mapping
from typing import Any, Final

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from services.gateway.api.guards import needs
from services.gateway.dashboard.forms import Form
from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.listing import offset_of, search_of
from services.gateway.dashboard.view import View
from shared.errors import ConflictError, Fault, InvalidError, NotFoundError, TransientError, UsherError
from shared.schemas.users import UserSettings, UserSettingsPage

_LONGEST: Final = 100


class UserSettingsController(Controller):
    """Names stand in the query: they may hold what a path cannot."""

    path = "/users"

    @get("/", opt=needs("read"))
    async def list_users(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        search: FromQuery[str] = "",
        offset: FromQuery[str] = "",
    ) -> Response[str]:
        """List the users for whom something is set."""
        wanted = search_of(search)
        users = await api.look("/users/settings", UserSettingsPage, search=wanted, offset=offset_of(offset))
        return view.page("users/index.html", users=users, search=wanted or "")

    @get("/add", opt=needs("admin"))
    async def show_new(self, view: NamedDependency[View], name: FromQuery[str] = "") -> Response[str]:
        """Show the form for somebody for whom nothing is set yet."""
        return _form_page(view, UserSettings(username=search_of(name) or ""), is_new=True)

    @get("/edit", opt=needs("admin"))
    async def show_known(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], name: FromQuery[str] = ""
    ) -> Response[str]:
        """Show what is set for a user."""
        return _form_page(view, await _find(api, name), is_new=False)

    @post("/add", opt=needs("admin"), status_code=200)
    async def add(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], form: NamedDependency[Form]
    ) -> Response[Any]:
        """Set something for a user for whom nothing is set yet."""
        return await _save(view, api, form, is_new=True)

    @post("/edit", opt=needs("admin"), status_code=200)
    async def edit(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], form: NamedDependency[Form]
    ) -> Response[Any]:
        """Change what is set for a user."""
        return await _save(view, api, form, is_new=False)

    @get("/clear", opt=needs("admin"))
    async def ask_to_clear(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], name: FromQuery[str] = ""
    ) -> Response[str]:
        """Ask before all that is set for a user is forgotten."""
        return view.page("users/clear.html", user=await _find(api, name))

    @post("/clear", opt=needs("admin"))
    async def clear(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], form: NamedDependency[Form]
    ) -> Redirect:
        """Forget all that is set for a user. Again is the same as once."""
        name = form.text("username")
        try:
            await api.delete(_path(name), UserSettings)
        except NotFoundError:
            return view.go("/users", view.say("users.was_clear", name=name))
        return view.go("/users", view.say("users.cleared", name=name))


async def _save(view: View, api: InternalApi, form: Form, *, is_new: bool) -> Response[Any]:
    name = form.text("username")
    try:
        _check_name(view, name)
        if is_new:
            await _check_is_new(view, api, name)
        saved = await api.put(_path(name), UserSettings, _changes(form))
    except (ConflictError, InvalidError, TransientError) as exc:
        return _form_page(view, _typed(form), is_new=is_new, limit=form.text("request_limit"), refused=exc)
    said = "users.saved" if saved.changed_at else "users.nothing_set"
    return view.go("/users", view.say(said, name=saved.username))


def _changes(form: Form) -> dict[str, object]:
    changes: dict[str, object] = {
        "blocked": form.is_on("blocked"),
        "immune": form.is_on("immune"),
        "request_limit": form.number("request_limit"),
    }
    if password := form.typed("password"):
        changes["password"] = password
    elif form.is_on("forget_password"):
        changes["password"] = None
    return changes


def _check_name(view: View, name: str) -> None:
    wrong = "users.no_name" if not name else "users.no_slash" if "/" in name or len(name) > _LONGEST else None
    if wrong or not name.isprintable():
        raise InvalidError("", faults=(Fault("username", view.say(wrong or "users.no_slash")),))


async def _check_is_new(view: View, api: InternalApi, name: str) -> None:
    if (await api.look(_path(name), UserSettings)).value:
        raise ConflictError("", faults=(Fault("username", view.say("users.is_known")),))


def _path(name: str) -> str:
    """Return the route of a user's settings; raises `NotFoundError` for a name that would lead to another route."""
    if not name or "/" in name:
        raise NotFoundError("nothing is set for this user")
    return f"/users/{name}/settings"


async def _find(api: InternalApi, name: str) -> UserSettings:
    return await api.get(_path(search_of(name) or ""), UserSettings)


def _typed(form: Form) -> UserSettings:
    return UserSettings(
        username=form.text("username"),
        blocked=form.is_on("blocked"),
        immune=form.is_on("immune"),
        has_password=form.is_on("has_password"),
    )


def _form_page(
    view: View, user: UserSettings, *, is_new: bool, limit: str | None = None, refused: UsherError | None = None
) -> Response[str]:
    faults: Mapping[str, str] = {fault.path: fault.message for fault in refused.faults} if refused else {}
    known = "" if user.request_limit is None else str(user.request_limit)
    return view.page(
        "users/form.html",
        status=refused.status if refused else 200,
        user=user,
        is_new=is_new,
        limit=known if limit is None else limit,
        faults=faults,
        detail=refused.detail if refused and not faults else "",
    )
