"""`/api/seerr`: the connection to Seerr, which the linker keeps. Its key goes in and never comes out."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, delete, get, put
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body
from msgspec import UNSET, UnsetType

from services.gateway.access.audit import Audit
from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.api.mediaservers import PATIENT, DryRun, Token, Url
from services.gateway.ask import Ask
from shared.schemas.secret import Secret
from shared.schemas.servers import (
    TOKEN,
    ChangeSeerr,
    RemovedSeerr,
    RemoveSeerr,
    SeerrConnection,
    SeerrRequests,
    ShowSeerr,
)
from shared.sealing import Sealer


class ChangedSeerr(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is to be changed; what is left out stays. The first time, `url` and `api_key` are needed."""

    url: Url | UnsetType = UNSET
    api_key: Token | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    gives_token: bool | UnsetType = UNSET


_SEERR: Final = SeerrConnection(
    url="http://192.168.1.10:5055",
    enabled=True,
    api_key="…MTY=",
    gives_token=False,
    reachable=True,
    version="3.1.0",
    dialect="seerr",
    user_count=14,
    requests=SeerrRequests(
        total=40, movie=30, tv=10, pending=2, approved=36, declined=2, processing=5, available=29, completed=0
    ),
    problem=None,
    checked_at=datetime(2026, 1, 31, 18, 0, tzinfo=UTC),
)
_CHANGES: Final = Body(examples=[Example(value={"url": "http://192.168.1.10:5055", "api_key": "xxxxxxxxxxxxxxxxxxxx"})])
_SHOWN: Final = describe.shows(_SEERR)


class SeerrController(Controller):
    """Hands questions on, with the key sealed, and notes in the audit what was changed."""

    path, tags = "/seerr", ("servers",)

    @get("/", summary="Show the connection to Seerr", opt=needs("read", within=PATIENT), responses=_SHOWN)
    async def show_seerr(self, ask: NamedDependency[Ask]) -> SeerrConnection:
        """Show the connection, and how Seerr is now: it is asked. Where none is set up, `url` is null."""
        return await ask(ShowSeerr())

    @put(
        "/",
        summary="Set up or change the connection to Seerr",
        opt=needs("admin", audits="seerr.changed", within=PATIENT),
        responses=_SHOWN | describe.WITH_BODY | describe.CONFLICT,
    )
    async def change_seerr(
        self,
        ask: NamedDependency[Ask],
        sealer: NamedDependency[Sealer],
        audit: NamedDependency[Audit],
        data: Annotated[ChangedSeerr, _CHANGES],
        *,
        dry_run: DryRun = False,
    ) -> SeerrConnection:
        """Set the connection up or change it. A new address or key is tested first.

        Refused are a key that Seerr does not accept, an address where something else answers, and another host, port
        or scheme without the key. A Seerr that is out of reach is kept, and says so, as does one whose CSRF protection
        refuses all changes by key.
        """
        changes: dict[str, Any] = {
            name: value
            for name, value in ((name, getattr(data, name)) for name in ChangedSeerr.__struct_fields__)
            if value is not UNSET
        }
        if data.api_key is not UNSET:
            changes["api_key"] = sealer.seal(Secret(data.api_key), purpose=TOKEN)
        seerr = await ask(ChangeSeerr(**changes, dry_run=dry_run))
        if not dry_run:
            await audit(seerr.url or "")
        return seerr

    @delete(
        "/",
        summary="Remove the connection to Seerr",
        status_code=200,
        opt=needs("admin", audits="seerr.removed"),
        responses=describe.shows(RemovedSeerr(url="http://192.168.1.10:5055", people=12)) | describe.WITH_ID,
    )
    async def remove_seerr(self, ask: NamedDependency[Ask], audit: NamedDependency[Audit]) -> RemovedSeerr:
        """Forget the connection with its key, and say how many people had a user of it.

        In Seerr nothing changes; set up again, the same people have the same users.
        """
        removed = await ask(RemoveSeerr())
        await audit(removed.url)
        return removed
