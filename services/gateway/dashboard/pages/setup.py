"""`/setup`: the guide through the first steps. It can be left at any time, and taken up again."""

import asyncio
from datetime import timedelta
from typing import Final

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from services.gateway.api.discord import DiscordSetup
from services.gateway.api.guards import needs
from services.gateway.api.webhook_secrets import SecretPage
from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.setup_steps import steps_of
from services.gateway.dashboard.view import View
from services.gateway.events.shapes import EventPage
from shared.schemas.servers import SeerrConnection, ServerPage
from shared.schemas.signins import IntegrationPage

LEFT_COOKIE: Final = "usher_setup_left"
_FOR_LONG: Final = timedelta(days=365)
_SEERR_WITHIN: Final = timedelta(seconds=3)
"""Seerr itself is asked, and may be slow; the guide does not wait for it."""


class SetupController(Controller):
    """The guide."""

    path = "/setup"

    @get("/", opt=needs("admin"))
    async def show(self, view: NamedDependency[View], api: NamedDependency[InternalApi]) -> Response[str]:
        """Show the steps, and which of them are done."""
        servers, seerr, discord, events, accounts = await asyncio.gather(
            api.look("/mediaservers", ServerPage, limit=200),
            api.look_within(_SEERR_WITHIN, "/seerr", SeerrConnection),
            api.look("/discord", DiscordSetup),
            api.look("/events", EventPage, limit=1),
            api.look("/integrations", IntegrationPage, limit=1),
        )
        secrets = await api.look("/webhooks/secrets", SecretPage, limit=200)
        return view.page(
            "setup/index.html",
            steps=steps_of(servers=servers, seerr=seerr, discord=discord, events=events, accounts=accounts),
            servers=servers,
            discord=discord,
            events=events,
            secrets=secrets,
        )

    @post("/leave", opt=needs("admin"))
    async def leave(self, view: NamedDependency[View]) -> Redirect:
        """Go to the first page, which does not lead here any more."""
        return view.go("/", view.say("setup.left"), cookies=[view.cookie(LEFT_COOKIE, "yes", lasts=_FOR_LONG)])
