"""`/api/plex/servers`: which Plex servers a token reaches, and at which address from here."""

from typing import Annotated, Final

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import HeaderParameter, QueryParameter

from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.api.mediaservers import PATIENT
from services.gateway.ask import Ask
from shared.schemas.secret import Secret
from shared.schemas.servers import (
    PLEX_TOKEN,
    DiscoveredServer,
    DiscoveredServers,
    DiscoverPlex,
    PlexConnection,
)
from shared.sealing import Sealer

_SENDABLE: Final = r"^[\x21-\x7e]+$"
_LONGEST: Final = 4096

HeaderToken = Annotated[
    str | None,
    HeaderParameter(
        name="X-Plex-Token",
        min_length=1,
        max_length=_LONGEST,
        pattern=_SENDABLE,
        description="a Plex token",
        examples=[Example(value="xxxxxxxxxxxxxxxxxxxx")],
    ),
]
QueryToken = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=_LONGEST,
        pattern=_SENDABLE,
        description="the same, for old callers: addresses end in logs and histories, the header does not",
    ),
]
PersonId = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=100,
        pattern=r"^[A-Za-z0-9_.:-]+$",
        description="without a token: the person whose linked Plex account is asked",
    ),
]

_FOUND: Final = DiscoveredServers(
    [
        DiscoveredServer(
            name="Living room",
            machine_identifier="c6f5…",
            owned=True,
            version="1.43.0.10492",
            connections=[
                PlexConnection(
                    uri="http://192.168.1.10:32400",
                    local=True,
                    relay=False,
                    reachable=True,
                    latency_ms=4,
                    reason=None,
                ),
                PlexConnection(
                    uri="https://203-0-113-7.c6f5.plex.direct:32400",
                    local=False,
                    relay=False,
                    reachable=False,
                    latency_ms=None,
                    reason="no answer within 3 s",
                ),
            ],
            best="http://192.168.1.10:32400",
        )
    ],
    1,
)


class PlexServerController(Controller):
    """Hands the question on, with the token sealed."""

    path, tags = "/plex/servers", ("servers",)

    @get(
        "/",
        summary="Find Plex servers and their best addresses",
        opt=needs("admin", within=PATIENT),
        responses=describe.shows(_FOUND) | describe.WITH_ID | describe.CONFLICT | describe.UPSTREAM,
    )
    async def discover(
        self,
        ask: NamedDependency[Ask],
        sealer: NamedDependency[Sealer],
        header_token: HeaderToken = None,
        token: QueryToken = None,
        person: PersonId = None,
    ) -> DiscoveredServers:
        """List the servers with all their addresses, each tested; `best` is the one to use from here.

        The token comes in `X-Plex-Token`, which is preferred, or in `token`; with neither, `person` is asked for.
        """
        given = header_token or token
        sealed = None if given is None else sealer.seal(Secret(given), purpose=PLEX_TOKEN)
        return await ask(DiscoverPlex(token=sealed, person_id=None if sealed else person))
