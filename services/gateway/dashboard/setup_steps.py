"""The steps of setting Usher up, each of which shows itself done by what is there."""

from typing import Any, Literal

import msgspec

from services.gateway.api.discord import DiscordSetup
from services.gateway.dashboard.outcome import Outcome
from services.gateway.events.shapes import EventPage
from shared.schemas.servers import SeerrConnection, ServerPage
from shared.schemas.signins import IntegrationPage

State = Literal["done", "open", "unknown"]


class Step(msgspec.Struct, frozen=True):
    """A step; its texts are `setup.NAME` and so on. `unknown`: what it depends on does not answer."""

    name: str
    state: State


def steps_of(
    *,
    servers: Outcome[ServerPage],
    seerr: Outcome[SeerrConnection],
    discord: Outcome[DiscordSetup],
    events: Outcome[EventPage],
    accounts: Outcome[IntegrationPage],
) -> list[Step]:
    """Return the steps in the order in which they are best taken."""
    return [
        Step("servers", _state(servers, is_done=bool(servers.value and servers.value.total))),
        Step("seerr", _state(seerr, is_done=bool(seerr.value and seerr.value.url))),
        Step("discord", _state(discord, is_done=bool(discord.value and not discord.value.missing))),
        Step("webhooks", _state(events, is_done=bool(events.value and events.value.total))),
        Step("account", _state(accounts, is_done=bool(accounts.value and accounts.value.total))),
    ]


def _state(outcome: Outcome[Any], *, is_done: bool) -> State:
    return "unknown" if outcome.error else "done" if is_done else "open"
