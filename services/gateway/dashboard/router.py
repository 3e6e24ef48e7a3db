"""All pages, and what they have in common. A new page's controller goes into `PAGES`."""

from collections.abc import Sequence
from typing import Any, Final

from litestar import Controller, Litestar, Request, Router
from litestar.di import Provide
from litestar.exceptions import NotFoundException
from litestar.types import ASGIApp, Middleware

from services.gateway import problems
from services.gateway.access.authenticator import Authenticator
from services.gateway.access.caller import Caller
from services.gateway.access.session_cookie import session_in
from services.gateway.api.bounds import Bounds
from services.gateway.api.guards import CALLER, requires_preparation
from services.gateway.api.tracing import trace_calls
from services.gateway.dashboard import error_pages
from services.gateway.dashboard.assets import AssetController
from services.gateway.dashboard.forms import check_form, form_of
from services.gateway.dashboard.guards import requires_login
from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.on_demand import first_segments
from services.gateway.dashboard.pages.dead_letters import DeadLettersController
from services.gateway.dashboard.pages.events import EventsController
from services.gateway.dashboard.pages.history import HistoryController
from services.gateway.dashboard.pages.integrations import IntegrationsController
from services.gateway.dashboard.pages.merge import MergeController
from services.gateway.dashboard.pages.overview import OverviewController
from services.gateway.dashboard.pages.people import PeopleController
from services.gateway.dashboard.pages.people_more import PeopleMoreController
from services.gateway.dashboard.pages.plex_login import PlexLoginPage
from services.gateway.dashboard.pages.plex_webhook import PlexWebhookController
from services.gateway.dashboard.pages.runs import RunsController
from services.gateway.dashboard.pages.seerr import SeerrController
from services.gateway.dashboard.pages.server import ServerController
from services.gateway.dashboard.pages.servers import ServersController
from services.gateway.dashboard.pages.session import AccountController, LoginController
from services.gateway.dashboard.pages.settings import SettingsController
from services.gateway.dashboard.pages.setup import SetupController
from services.gateway.dashboard.pages.sign_in import SignInController
from services.gateway.dashboard.pages.unclaimed import UnclaimedController
from services.gateway.dashboard.pages.user_settings import UserSettingsController
from services.gateway.dashboard.view import Dashboard, View
from services.gateway.edge import CSP
from services.gateway.readiness import Preparation
from shared.telemetry import Tracer

OPEN_PAGES: Final[Sequence[type[Controller]]] = (LoginController, PlexLoginPage)
"""Anybody may open these."""
PAGES: Final[Sequence[type[Controller]]] = (
    AccountController,
    DeadLettersController,
    EventsController,
    HistoryController,
    IntegrationsController,
    MergeController,
    OverviewController,
    PeopleController,
    PeopleMoreController,
    PlexWebhookController,
    RunsController,
    SeerrController,
    ServerController,
    ServersController,
    SettingsController,
    SetupController,
    SignInController,
    UnclaimedController,
    UserSettingsController,
)
"""All need somebody who is logged in."""


PREFIXES: Final = first_segments([AssetController, *OPEN_PAGES, *PAGES])
"""How the addresses of all pages begin."""


def pages(
    dashboard: Dashboard,
    api: ASGIApp,
    *,
    dependencies: dict[str, Provide],
    authenticator: Authenticator,
    preparation: Preparation,
    tracer: Tracer,
) -> Litestar:
    """Return the pages as an application: those that anybody may open, and those that need a session."""
    middleware: list[Middleware] = [trace_calls(tracer), Bounds]
    common: dict[str, Any] = {
        "before_request": check_form,
        "exception_handlers": error_pages.handlers(dashboard),
        "include_in_schema": False,
        "middleware": middleware,
        "response_headers": {CSP: error_pages.POLICY},
    }

    def internal_api(request: Request[Any, Any, Any]) -> InternalApi:
        return InternalApi(api, request, session_in(request.scope["headers"]) or "")

    def view(request: Request[Any, Any, Any]) -> View:
        return View(dashboard, request)

    provided = {"view": Provide(view, sync_to_thread=False), "form": Provide(form_of, sync_to_thread=False)}
    for_all = Router(
        "/",
        route_handlers=OPEN_PAGES,
        guards=[requires_preparation(preparation)],
        dependencies=provided,
        **common,
    )
    with_session = Router(
        "/",
        route_handlers=PAGES,
        guards=[requires_preparation(preparation), requires_login(authenticator)],
        dependencies={
            **provided,
            "caller": Provide(_caller, sync_to_thread=False),
            "api": Provide(internal_api, sync_to_thread=False),
        },
        **common,
    )
    not_found = error_pages.not_found(dashboard, otherwise=problems.on_http)
    return Litestar(
        route_handlers=[AssetController, for_all, with_session],
        dependencies=dependencies,
        exception_handlers={**problems.handlers(), NotFoundException: not_found},
        openapi_config=None,
        logging_config=None,
    )


def _caller(request: Request[Any, Any, Any]) -> Caller:
    found: Caller = request.scope["state"][CALLER]
    return found
