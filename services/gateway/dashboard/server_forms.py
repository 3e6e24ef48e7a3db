"""What the forms of servers show and change, and whether somebody else changed a server meanwhile."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from services.gateway.api.webhook_secrets import SecretPage
from services.gateway.dashboard.forms import Form
from shared.errors import UsherError
from shared.schemas.servers import SeerrConnection, Server
from shared.schemas.webhook_senders import Source

Kind = Literal["plex", "jellyfin", "emby"]
KINDS: Final[tuple[Kind, ...]] = ("plex", "jellyfin", "emby")
_OF_SERVER: Final = ("url", "enabled", "token", "password_suffix", "request_limit", "include_owner", "libraries")
_OF_SEERR: Final = ("url", "enabled", "api_key", "gives_token")
_SECRETS: Final = frozenset({"token", "password_suffix", "api_key"})


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a server's form that may be shown again; secrets are not among them."""

    name: str = ""
    url: str = ""
    enabled: bool = True
    request_limit: int | str | None = None
    include_owner: bool = False
    libraries: Sequence[str] = ()
    gives_token: bool = False
    chosen: str = ""
    person: str = ""


class Difference(msgspec.Struct, frozen=True):
    """A field that two people want differently: its text is `servers.NAME`."""

    name: str
    typed: Any
    now: Any


def typed_in(form: Form) -> Typed:
    """Return what was typed."""
    return Typed(
        name=form.text("name"),
        url=form.text("url"),
        enabled=form.is_on("enabled"),
        request_limit=form.number("request_limit"),
        include_owner=form.is_on("include_owner"),
        libraries=form.all("libraries"),
        gives_token=form.is_on("gives_token"),
        chosen=form.text("chosen"),
        person=form.text("person"),
    )


def shown_of(shown: Server | SeerrConnection) -> Typed:
    """Return what the form of a server shows before anything is typed."""
    if isinstance(shown, SeerrConnection):
        return Typed(url=shown.url or "", enabled=shown.enabled or shown.url is None, gives_token=shown.gives_token)
    return Typed(
        name=shown.name,
        url=shown.url,
        enabled=shown.enabled,
        request_limit=shown.request_limit,
        include_owner=shown.include_owner,
        libraries=shown.libraries,
    )


def fingerprint(shown: Server | SeerrConnection) -> str:
    """Return what changes whenever a setting does: a form that was made from another one is out of date."""
    names = _OF_SEERR if isinstance(shown, SeerrConnection) else _OF_SERVER
    return hashlib.sha256(msgspec.json.encode([getattr(shown, name) for name in names])).hexdigest()


def new_server(form: Form, kind: str) -> dict[str, Any]:
    """Return the server to add. Of those that were found, the chosen address gives what was not typed."""
    machine, _, rest = form.text("chosen").partition(" ")
    uri, _, name = rest.partition(" ")
    return {
        "name": form.text("name") or name,
        "type": kind,
        "url": form.text("url") or uri,
        "token": form.text("token"),
        "enabled": form.is_on("enabled"),
        "machine_identifier": machine if machine and form.text("url") in {"", uri} else None,
    }


def changes_of(server: Server, form: Form) -> dict[str, Any]:
    """Return the settings that differ from what is there, and the secrets that were typed."""
    typed = typed_in(form)
    names = ["url", "enabled", "request_limit", "include_owner"]
    changes = {name: value for name in names if (value := getattr(typed, name)) != getattr(server, name)}
    if server.type == "plex" and set(typed.libraries) != set(server.libraries):
        changes["libraries"] = typed.libraries
    if token := form.text("token"):
        changes["token"] = token
    if form.is_on("no_suffix"):
        changes["password_suffix"] = None
    elif suffix := form.typed("password_suffix"):
        changes["password_suffix"] = suffix
    return changes


def changes_of_seerr(seerr: SeerrConnection, form: Form) -> dict[str, Any]:
    """Return the settings that differ from what is there, and the key if one was typed."""
    typed = typed_in(form)
    names = ["url", "enabled", "gives_token"]
    changes = {name: value for name in names if (value := getattr(typed, name)) != getattr(seerr, name)}
    if key := form.text("api_key"):
        changes["api_key"] = key
    return changes


def differences(changes: Mapping[str, Any], now: Server | SeerrConnection) -> list[Difference]:
    """Return what was typed beside what is there now; a secret that was typed is not shown."""
    return [
        Difference(name, "…" if name in _SECRETS and value else value, getattr(now, name))
        for name, value in changes.items()
    ]


def faults_of(error: UsherError) -> dict[str, str]:
    """Return what is wrong, by field."""
    return {fault.path: fault.message for fault in error.faults}


def webhook_addresses(secrets: SecretPage, *, source: Source, server: str | None) -> list[str]:
    """Return where this server sends its webhooks; none to a reader who may not see secrets."""
    return [
        address.url
        for secret in secrets.items
        if secret.server == server
        for address in secret.addresses or ()
        if address.source == source
    ]
