"""`/api/mediaservers`: the Plex, Jellyfin and Emby servers, which the linker keeps. Tokens go in and never come out."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body, PathParameter, QueryParameter
from msgspec import UNSET, Meta, UnsetType

from services.gateway.access.audit import Audit
from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.ask import Ask
from services.gateway.page import Limit, Offset
from shared.errors import Fault, InvalidError
from shared.schemas.sealed_secret import SealedSecret
from shared.schemas.secret import Secret
from shared.schemas.servers import (
    SUFFIX,
    TOKEN,
    WITHIN,
    AddServer,
    ChangeServer,
    Finding,
    FindServer,
    ListServers,
    MediaServerType,
    RemovedServer,
    RemoveServer,
    Server,
    ServerPage,
    ServerSettings,
    ServerTest,
    TestServer,
    TryServer,
)
from shared.sealing import Sealer

Token = Annotated[str, Meta(min_length=1, max_length=4096, pattern=r"^[\x21-\x7e]+$")]
Url = Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")]
Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Suffix = Annotated[str, Meta(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
RequestLimit = Annotated[int, Meta(ge=0, le=10_000)]
MachineId = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.:-]+$")]
Libraries = Annotated[list[Name], Meta(max_length=200)]
PATIENT: Final = WITHIN + timedelta(seconds=2)
"""How long a call may take for which other systems are asked."""
ServerName = Annotated[
    str,
    PathParameter(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$", description="the server's name"),
]
DryRun = Annotated[bool, QueryParameter(description="test it, and say how it would be stored, with status 200")]


class NewServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A server to be; `password_suffix` is kept as a secret, like the token."""

    name: Name
    type: MediaServerType
    url: Url
    token: Token
    enabled: bool = True
    password_suffix: Suffix | None = None
    request_limit: RequestLimit | None = None
    machine_identifier: MachineId | None = None
    include_owner: bool = False
    libraries: Libraries = []


class ChangedServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is to be changed: what is left out stays as it is, the token too. Name and type cannot be changed."""

    name: Name | UnsetType = UNSET
    type: MediaServerType | UnsetType = UNSET
    url: Url | UnsetType = UNSET
    token: Token | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    password_suffix: Suffix | UnsetType | None = UNSET
    request_limit: RequestLimit | UnsetType | None = UNSET
    machine_identifier: MachineId | UnsetType | None = UNSET
    include_owner: bool | UnsetType = UNSET
    libraries: Libraries | UnsetType = UNSET


_SERVER: Final = Server(
    name="Living room",
    type="plex",
    url="http://192.168.1.10:32400",
    enabled=True,
    token="…x9Qz",  # noqa: S106 (as it is shown)
    password_suffix=None,
    request_limit=10,
    machine_identifier="c6f5…",
    include_owner=False,
    libraries=[],
    reachable=True,
    version="1.43.0.10492",
    user_count=12,
    problem=None,
    checked_at=datetime(2026, 1, 31, 18, 0, tzinfo=UTC),
)
_TEST: Final = ServerTest(
    name="Living room",
    works=False,
    reachable=True,
    findings=[
        Finding(aspect="server", works=True, text="a Plex Media Server 1.43.0.10492 answers"),
        Finding(
            aspect="credential",
            works=False,
            text="a Plex Media Server does not accept the token",
            mend="give a token of the server's owner",
        ),
    ],
    machine_identifier="c6f5…",
    version="1.43.0.10492",
)
_NEW: Final = Body(
    examples=[
        Example(
            value={
                "name": "Living room",
                "type": "plex",
                "url": "http://192.168.1.10:32400",
                "token": "xxxxxxxxxxxxxxxxxxxx",
            }
        )
    ]
)
_CHANGES: Final = Body(examples=[Example(value={"url": "http://192.168.1.11:32400", "token": "xxxxxxxxxxxxxxxxxxxx"})])
_ONE: Final = describe.shows(_SERVER) | describe.WITH_ID
_CHANGED: Final = _ONE | describe.WITH_BODY | describe.CONFLICT
_NEW_SERVER: Final = describe.shows(_SERVER, status=201) | _CHANGED


class MediaServerController(Controller):
    """Hands questions on, with the secrets sealed, and notes in the audit what was changed."""

    path, tags = "/mediaservers", ("servers",)

    @get(
        "/",
        summary="List media servers",
        opt=needs("read"),
        responses=describe.shows(ServerPage([_SERVER], 1, 50, 0)),
    )
    async def list_servers(self, ask: NamedDependency[Ask], limit: Limit = 50, offset: Offset = 0) -> ServerPage:
        """List the servers by name, as they were when they were last looked at, which is every few minutes."""
        return await ask(ListServers(limit=limit, offset=offset))

    @get("/{server_name:str}", summary="Show a media server", opt=needs("read"), responses=_ONE)
    async def show_server(self, ask: NamedDependency[Ask], server_name: ServerName) -> Server:
        """Show a server."""
        return await ask(FindServer(name=server_name))

    @post(
        "/",
        summary="Add a media server",
        opt=needs("admin", audits="server.added", within=PATIENT),
        responses=_NEW_SERVER,
    )
    async def add_server(
        self,
        ask: NamedDependency[Ask],
        sealer: NamedDependency[Sealer],
        audit: NamedDependency[Audit],
        data: Annotated[NewServer, _NEW],
        *,
        dry_run: DryRun = False,
    ) -> Response[Server]:
        """Test a server and store it. One that is out of reach is stored too, and says so.

        Refused are a token that the server does not accept, and an address where something else answers.
        """
        wanted = ServerSettings(**{name: getattr(data, name) for name in ServerSettings.__struct_fields__})
        token = sealer.seal(Secret(data.token), purpose=TOKEN)
        suffix = _sealed_suffix(sealer, data.password_suffix)
        if dry_run:
            tried = TryServer(server=wanted, token=token, password_suffix=suffix)
            return Response(await ask(tried), status_code=200)
        server = await ask(AddServer(server=wanted, token=token, password_suffix=suffix))
        await audit(server.name)
        return Response(server)

    @put(
        "/{server_name:str}",
        summary="Change a media server",
        opt=needs("admin", audits="server.changed", within=PATIENT),
        responses=_CHANGED,
    )
    async def change_server(
        self,
        ask: NamedDependency[Ask],
        sealer: NamedDependency[Sealer],
        audit: NamedDependency[Audit],
        server_name: ServerName,
        data: Annotated[ChangedServer, _CHANGES],
    ) -> Server:
        """Change a server. A new address or token is tested first, and refused as when the server is made.

        Without a token, an address must stay on its host, port and scheme, and lead to the same server.
        """
        if data.name not in {UNSET, server_name}:
            raise _unchangeable("name", "a server keeps its name: remove it, and add it anew")
        if data.type is not UNSET and data.type != (await ask(FindServer(name=server_name))).type:
            raise _unchangeable("type", "a server keeps its type: remove it, and add it anew")
        changes: dict[str, Any] = {
            name: value
            for name, value in ((name, getattr(data, name)) for name in ChangedServer.__struct_fields__)
            if value is not UNSET and name not in {"name", "type"}
        }
        if data.token is not UNSET:
            changes["token"] = sealer.seal(Secret(data.token), purpose=TOKEN)
        if data.password_suffix is not UNSET:
            changes["password_suffix"] = _sealed_suffix(sealer, data.password_suffix)
        server = await ask(ChangeServer(name=server_name, **changes))
        await audit(server.name)
        return server

    @delete(
        "/{server_name:str}",
        summary="Remove a media server",
        status_code=200,
        opt=needs("admin", audits="server.removed"),
        responses=describe.shows(RemovedServer(name="Living room", linked_accounts=3)) | describe.WITH_ID,
    )
    async def remove_server(
        self, ask: NamedDependency[Ask], audit: NamedDependency[Audit], server_name: ServerName
    ) -> RemovedServer:
        """Forget a server with its token, and say what depended on it."""
        removed = await ask(RemoveServer(name=server_name))
        await audit(removed.name)
        return removed

    @post(
        "/{server_name:str}/test",
        summary="Test a media server",
        status_code=200,
        opt=needs("write", within=PATIENT),
        responses=describe.shows(_TEST) | describe.WITH_ID,
    )
    async def test_server(self, ask: NamedDependency[Ask], server_name: ServerName) -> ServerTest:
        """Ask a server now: what works, what does not, and how to mend it."""
        return await ask(TestServer(name=server_name))


def _sealed_suffix(sealer: Sealer, suffix: str | None) -> SealedSecret | None:
    return sealer.seal(Secret(suffix), purpose=SUFFIX) if suffix else None


def _unchangeable(path: str, message: str) -> InvalidError:
    return InvalidError(message, faults=(Fault(path, message),))
