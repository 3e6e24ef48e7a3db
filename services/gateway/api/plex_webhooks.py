"""`/api/plex/webhooks`: Usher's webhook on a Plex account, set there without anybody copying an address."""

from datetime import timedelta
from typing import Annotated, Final

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body, QueryParameter
from msgspec import Meta

from services.gateway.access.audit import Audit
from services.gateway.access.caller import Caller
from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.ask import Ask
from services.gateway.page import NO_CONTROLS, PersonId
from services.gateway.webhook_secrets.create_and_remove import WebhookSecrets
from shared.errors import Fault, InvalidError
from shared.schemas.plex_webhooks import (
    ADDRESS,
    WITHIN,
    PlexWebhooks,
    PlexWebhookSet,
    SetPlexWebhook,
    ShowPlexWebhooks,
)
from shared.schemas.sealed_secret import SealedSecret
from shared.sealing import Sealer

PATIENT: Final = WITHIN + timedelta(seconds=1)
_ID: Final = r"^[A-Za-z0-9_.:-]+$"

ServerName = Annotated[str, Meta(min_length=1, max_length=60, pattern=NO_CONTROLS)]
SecretId = Annotated[str, Meta(min_length=1, max_length=100, pattern=_ID)]
AskedServer = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=60,
        pattern=NO_CONTROLS,
        description="the configured Plex server whose token's account is meant",
    ),
]
AskedPerson = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=100,
        pattern=_ID,
        description="the person whose linked Plex account is meant; the caller's own without a server",
    ),
]
AskedSecret = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=100,
        pattern=_ID,
        description="the webhook secret in the address; without it, the oldest that is valid for Plex",
    ),
]


class WantedWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """On whose account, a server's or a person's, and with which secret; null: the oldest that is valid for Plex."""

    server: ServerName | None = None
    person: PersonId | None = None
    secret_id: SecretId | None = None


_WANTED: Final = Body(examples=[Example(value={"server": "Living room", "secret_id": "8p1vK2"})])
_STATE: Final = PlexWebhooks(account="martha", present=False, outdated=1, others=["tautulli.example.org"])
_SET: Final = PlexWebhookSet(account="martha", added=True, replaced=1, kept=["tautulli.example.org"])
_ERRORS: Final = describe.WITH_ID | describe.CONFLICT | describe.UPSTREAM


class PlexWebhookController(Controller):
    """Hands questions on, with the address sealed, and notes in the audit what was changed."""

    path, tags = "/plex/webhooks", ("webhooks",)

    @get(
        "/",
        summary="Show what setting the webhook would change",
        opt=needs("admin", within=PATIENT),
        responses=describe.shows(_STATE) | _ERRORS,
    )
    async def show(
        self,
        ask: NamedDependency[Ask],
        caller: NamedDependency[Caller],
        sealer: NamedDependency[Sealer],
        webhook_secrets: NamedDependency[WebhookSecrets],
        server: AskedServer = None,
        person: AskedPerson = None,
        secret_id: AskedSecret = None,
    ) -> PlexWebhooks:
        """Compare the webhooks of a Plex account with Usher's address. Of other addresses only the host is shown."""
        person_id = _person(caller, server, person)
        address = await _address(webhook_secrets, sealer, secret_id)
        return await ask(ShowPlexWebhooks(address=address, server=server, person_id=person_id))

    @post(
        "/",
        summary="Set the webhook on a Plex account",
        status_code=200,
        opt=needs("admin", audits="plex_webhook.set", within=PATIENT),
        responses=describe.shows(_SET) | _ERRORS | describe.WITH_BODY,
    )
    async def set_webhook(
        self,
        ask: NamedDependency[Ask],
        caller: NamedDependency[Caller],
        sealer: NamedDependency[Sealer],
        webhook_secrets: NamedDependency[WebhookSecrets],
        audit: NamedDependency[Audit],
        data: Annotated[WantedWebhook, _WANTED],
    ) -> PlexWebhookSet:
        """Add Usher's address to the webhooks of a Plex account, in place of older ones of this Usher.

        The webhooks of others stay. 409 if the account has no Plex Pass, or its token is refused.
        """
        person_id = _person(caller, data.server, data.person)
        address = await _address(webhook_secrets, sealer, data.secret_id)
        done = await ask(SetPlexWebhook(address=address, server=data.server, person_id=person_id))
        await audit(f"Plex account {done.account}")
        return done


def _person(caller: Caller, server: str | None, person: str | None) -> str | None:
    if server is not None and person is not None:
        raise InvalidError("this names two accounts", faults=(Fault("person", "goes without server"),))
    if server is None and caller.act_for(person) is None:
        raise InvalidError("say whose account", faults=(Fault("server", "name a Plex server, or a person"),))
    return None if server is not None else caller.act_for(person)


async def _address(webhook_secrets: WebhookSecrets, sealer: Sealer, secret_id: str | None) -> SealedSecret:
    return sealer.seal(await webhook_secrets.address_for("plex", secret_id=secret_id), purpose=ADDRESS)
