"""What needs somebody, with the page on which it is mended."""

from collections.abc import Iterator
from typing import Any

import msgspec

from services.gateway.api.refused import RefusedPage
from services.gateway.dashboard.outcome import Outcome
from services.gateway.events.shapes import DeadLetterPage
from shared.schemas.people import UnclaimedPage
from shared.schemas.servers import ServerPage
from shared.schemas.signins import IntegrationPage


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that needs somebody: its text is `overview.KIND`, with `count` and `detail`."""

    kind: str
    path: str
    count: int = 1
    detail: str = ""


def matters_of(
    *,
    servers: Outcome[ServerPage],
    letters: Outcome[DeadLetterPage],
    unclaimed: Outcome[UnclaimedPage],
    refused: Outcome[RefusedPage],
    accounts: Outcome[IntegrationPage],
) -> list[Matter]:
    """Return what needs somebody, the most urgent first; what could not be read is shown in its own part."""
    found: list[Matter] = []
    if servers.value:
        found += _of_servers(servers.value)
    if accounts.value and (dead := [each for each in accounts.value.items if each.state == "dead"]):
        names = ", ".join(each.person.name for each in dead[:3])
        found.append(Matter(kind="dead_accounts", path="/integrations/all", count=len(dead), detail=names))
    if letters.value and letters.value.total:
        found.append(Matter(kind="dead_letters", path="/events/dead", count=letters.value.total))
    if refused.value and refused.value.total:
        found.append(Matter(kind="refused", path="/events/refused", count=refused.value.total))
    if unclaimed.value and unclaimed.value.total:
        found.append(Matter(kind="unclaimed", path="/people/unclaimed", count=unclaimed.value.total))
    return found


def is_complete(*outcomes: Outcome[Any]) -> bool:
    """Say whether everything could be read: otherwise nobody knows that nothing needs them."""
    return all(outcome.error is None for outcome in outcomes)


def _of_servers(servers: ServerPage) -> Iterator[Matter]:
    for server in servers.items:
        if server.enabled and (server.reachable is False or server.problem):
            yield Matter(kind="server", path=f"/servers/{server.name}", detail=server.name)
