"""`/settings/webhooks/plex`: says what setting the webhook on a Plex account would change, and sets it."""

import asyncio
from datetime import timedelta
from typing import Any, Final

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery

from services.gateway.api.guards import needs
from services.gateway.api.plex_webhooks import PATIENT
from services.gateway.api.webhook_secrets import SecretPage
from services.gateway.dashboard.forms import Form
from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.outcome import Outcome
from services.gateway.dashboard.view import View
from shared.errors import UsherError
from shared.schemas.plex_webhooks import PlexWebhooks, PlexWebhookSet
from shared.schemas.servers import ServerPage
from shared.schemas.signins import IntegrationPage

PATH: Final = "/settings/webhooks/plex"
FROM_GUIDE: Final = "setup"
_WITHIN: Final = PATIENT + timedelta(seconds=3)
_MOST: Final = 200


class PlexWebhookController(Controller):
    """An account is named `server:NAME` or `person:ID`: by the token of which it is reached."""

    path = PATH

    @get("/", opt=needs("admin", within=_WITHIN))
    async def show(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        on: FromQuery[str] = "",
        secret: FromQuery[str] = "",
        back: FromQuery[str] = "",
    ) -> Response[str]:
        """Say what would be changed on the chosen account, else on the first there is."""
        return await _page(view, api, on=on, secret=secret, back=back)

    @post("/", opt=needs("admin", within=_WITHIN + PATIENT), status_code=200)
    async def set_webhook(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], form: NamedDependency[Form]
    ) -> Response[Any]:
        """Set it, and go back to where somebody came from."""
        on, secret, back = form.text("on"), form.optional("secret"), form.text("back")
        try:
            done = await api.post("/plex/webhooks", PlexWebhookSet, {**_account(on), "secret_id": secret})
        except UsherError as exc:
            return await _page(view, api, on=on, secret=secret or "", back=back, error=exc)
        said = view.say("plex_webhook.done" if done.added else "plex_webhook.already", account=done.account[:100])
        if done.replaced:
            said += " " + view.say("plex_webhook.replaced", count=done.replaced)
        return view.go("/setup" if back == FROM_GUIDE else "/settings/webhooks", said)


async def _page(
    view: View, api: InternalApi, *, on: str, secret: str, back: str, error: UsherError | None = None
) -> Response[str]:
    servers, linked, secrets = await asyncio.gather(
        api.look("/mediaservers", ServerPage, limit=_MOST),
        api.look("/integrations", IntegrationPage, all="true", limit=_MOST),
        api.look("/webhooks/secrets", SecretPage, limit=_MOST),
    )
    choices = _choices(view, servers, linked)
    chosen = on if on in dict(choices) else next((value for value, _ in choices), "")
    state: Outcome[PlexWebhooks] = Outcome()
    if chosen and error is None:
        state = await api.look("/plex/webhooks", PlexWebhooks, **_account(chosen), secret_id=secret or None)
    return view.page(
        "settings/plex_webhook.html",
        status=error.status if error else 200,
        choices=choices,
        chosen=chosen,
        state=state,
        address=_address(secrets, secret),
        secret=secret,
        back=back if back == FROM_GUIDE else "",
        error=error or state.error or servers.error or linked.error,
    )


def _choices(view: View, servers: Outcome[ServerPage], linked: Outcome[IntegrationPage]) -> list[tuple[str, str]]:
    """Return the accounts that Usher has a token of: an owner's is reached by their server too."""
    of_servers = [
        (f"server:{each.name}", view.say("plex_webhook.of_server", server=each.name))
        for each in (servers.value.items if servers.value else [])
        if each.type == "plex"
    ]
    of_people = {
        f"person:{each.person.id}": view.say(
            "plex_webhook.of_person", account=each.account.username[:60], person=each.person.name[:60]
        )
        for each in (linked.value.items if linked.value else [])
        if each.provider == "plex" and each.state == "ok"
    }
    return [*of_servers, *of_people.items()]


def _account(on: str) -> dict[str, str]:
    kind, _, name = on.partition(":")
    return {"person": name} if kind == "person" else {"server": name}


def _address(secrets: Outcome[SecretPage], secret_id: str) -> str:
    """Return the address that would be set; empty where it cannot be shown."""
    for secret in secrets.value.items if secrets.value else []:
        if secret.source in {None, "plex"} and secret_id in {"", secret.id}:
            return next((each.url for each in secret.addresses or [] if each.source == "plex"), "")
    return ""
