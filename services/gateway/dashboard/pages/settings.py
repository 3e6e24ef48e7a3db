"""`/settings`: webhook addresses, API keys, who is logged in, what begins by itself, the audit, and what Usher is."""

import asyncio
import platform
import re
from datetime import datetime
from types import NoneType
from typing import Any, Final

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from services.gateway.access.scopes import LADDER
from services.gateway.api.auth import SessionPage
from services.gateway.api.discord import DiscordSetup
from services.gateway.api.guards import needs
from services.gateway.api.keys import MadeKey
from services.gateway.api.sync import SyncStatus
from services.gateway.api.webhook_secrets import SecretItem, SecretPage
from services.gateway.dashboard.forms import Form
from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.licences import installed_packages
from services.gateway.dashboard.listing import offset_of
from services.gateway.dashboard.view import View, faults_of
from services.gateway.health import Health
from services.gateway.store.audit import AuditPage
from services.gateway.store.keys import ApiKey, KeyPage
from shared.errors import ConflictError, InvalidError, NotFoundError
from shared.schemas.webhook_senders import SOURCES

_PAGE: Final = 50
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


class SettingsController(Controller):
    """Settings, a tab each."""

    path = "/settings"

    @get("/", opt=needs("admin"))
    async def go_to_first(self, view: NamedDependency[View]) -> Redirect:
        """Go to the first tab."""
        return view.go("/settings/webhooks")

    @get("/webhooks", opt=needs("admin"))
    async def show_webhooks(self, view: NamedDependency[View], api: NamedDependency[InternalApi]) -> Response[str]:
        """Show the addresses to copy."""
        return await _webhooks(view, api)

    @post("/webhooks", opt=needs("admin"), status_code=200)
    async def create_webhook_secret(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], form: NamedDependency[Form]
    ) -> Response[Any]:
        """Make a secret, valid beside the others."""
        body = {"source": form.optional("source"), "server": form.optional("server")}
        try:
            await api.post("/webhooks/secrets", SecretItem, body)
        except (InvalidError, ConflictError) as exc:
            return await _webhooks(view, api, form=form, error=exc)
        return view.go("/settings/webhooks", view.say("settings.secret_made"))

    @get("/webhooks/{secret_id:str}/remove", opt=needs("admin"))
    async def ask_to_remove_secret(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], secret_id: FromPath[str]
    ) -> Response[str]:
        """Say what removing a secret does."""
        secrets = await api.get("/webhooks/secrets", SecretPage, limit=200)
        secret = next((each for each in secrets.items if each.id == secret_id), None)
        if secret is None:
            raise NotFoundError(view.say("settings.no_such_secret"))
        return view.page("settings/remove_secret.html", secret=secret)

    @post("/webhooks/{secret_id:str}/remove", opt=needs("admin"))
    async def remove_secret(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], secret_id: FromPath[str]
    ) -> Redirect:
        """Remove a secret; again is the same as once."""
        await api.delete(f"/webhooks/secrets/{secret_id}", NoneType)
        return view.go("/settings/webhooks", view.say("settings.secret_removed"))

    @get("/keys", opt=needs("admin"))
    async def show_keys(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], offset: FromQuery[str] = ""
    ) -> Response[str]:
        """Show the API keys, none of which can be shown again."""
        return await _keys(view, api, offset=offset)

    @post("/keys", opt=needs("admin"), status_code=200)
    async def create_key(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], form: NamedDependency[Form]
    ) -> Response[str]:
        """Make a key, and show it this once."""
        body = {
            "name": form.text("name"),
            "scopes": [form.text("scope")],
            "expires_at": _end_of(form.text("expires_at")),
            "person_id": form.optional("person_id"),
        }
        try:
            made = await api.post("/keys", MadeKey, body)
        except InvalidError as exc:
            return await _keys(view, api, form=form, error=exc)
        return view.page("settings/made_key.html", made=made)

    @get("/keys/{key_id:str}/remove", opt=needs("admin"))
    async def ask_to_remove_key(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], key_id: FromPath[str]
    ) -> Response[str]:
        """Say what removing a key does."""
        key = await _find_key(api, key_id)
        if key is None:
            raise NotFoundError(view.say("settings.no_such_key"))
        return view.page("settings/remove_key.html", key=key)

    @post("/keys/{key_id:str}/remove", opt=needs("admin"))
    async def remove_key(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], key_id: FromPath[str]
    ) -> Redirect:
        """Make a key invalid at once."""
        await api.delete(f"/keys/{key_id}", NoneType)
        return view.go("/settings/keys", view.say("settings.key_removed"))

    @get("/sessions", opt=needs("admin"))
    async def show_sessions(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], offset: FromQuery[str] = ""
    ) -> Response[str]:
        """Show who is logged in."""
        sessions = await api.get("/auth/sessions", SessionPage, limit=_PAGE, offset=offset_of(offset))
        return view.page("settings/sessions.html", sessions=sessions)

    @post("/sessions/{session_id:str}/end", opt=needs("admin"))
    async def end_session(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], session_id: FromPath[str]
    ) -> Redirect:
        """Log somebody out."""
        await api.delete(f"/auth/sessions/{session_id}", NoneType)
        return view.go("/settings/sessions", view.say("settings.session_ended"))

    @get("/schedules", opt=needs("admin"))
    async def show_schedules(self, view: NamedDependency[View], api: NamedDependency[InternalApi]) -> Response[str]:
        """Show what begins by itself, and when it did last."""
        return view.page("settings/schedules.html", schedules=await api.look("/sync/status", SyncStatus))

    @get("/audit", opt=needs("admin"))
    async def show_audit(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        actor: FromQuery[str] = "",
        action: FromQuery[str] = "",
        since: FromQuery[str] = "",
        until: FromQuery[str] = "",
        offset: FromQuery[str] = "",
    ) -> Response[str]:
        """Show who changed what."""
        wanted = {"actor": actor or None, "action": action or None, "since": since or None, "until": until or None}
        audit = await api.look("/audit", AuditPage, limit=_PAGE, offset=offset_of(offset), **wanted)
        return view.page("settings/audit.html", audit=audit, wanted=wanted)

    @get("/about", opt=needs("admin"))
    async def show_about(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], now: NamedDependency[datetime]
    ) -> Response[str]:
        """Show versions, what is stored, and the licences of what Usher is built on."""
        health, discord = await asyncio.gather(api.look("/health", Health), api.look("/discord", DiscordSetup))
        return view.page(
            "settings/about.html",
            python=platform.python_version(),
            health=health,
            discord=discord,
            packages=installed_packages(),
            at=now,
        )


async def _webhooks(
    view: View, api: InternalApi, *, form: Form | None = None, error: InvalidError | ConflictError | None = None
) -> Response[str]:
    return view.page(
        "settings/webhooks.html",
        status=error.status if error else 200,
        secrets=await api.look("/webhooks/secrets", SecretPage, limit=200),
        sources=SOURCES,
        form=form or Form(),
        faults=faults_of(error),
        error=error,
    )


async def _keys(
    view: View, api: InternalApi, *, offset: str = "", form: Form | None = None, error: InvalidError | None = None
) -> Response[str]:
    return view.page(
        "settings/keys.html",
        status=error.status if error else 200,
        keys=await api.get("/keys", KeyPage, limit=_PAGE, offset=offset_of(offset)),
        scopes=LADDER,
        form=form or Form(),
        faults=faults_of(error),
        error=error,
    )


def _end_of(day: str) -> str | None:
    """Return the last moment of a day in UTC; what is no day goes to the API as it is, which says so."""
    return f"{day}T23:59:59Z" if _DAY.fullmatch(day) else day or None


async def _find_key(api: InternalApi, key_id: str) -> ApiKey | None:
    offset = 0
    while True:
        page = await api.get("/keys", KeyPage, limit=200, offset=offset)
        if found := next((key for key in page.items if key.id == key_id), None):
            return found
        offset += 200
        if offset >= page.total:
            return None
