"""What the answers of a server mean: what works, what does not, how to mend it. Pure decisions."""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from services.linker.servers.store import Seen
from shared import leniency
from shared.clients.errors import CredentialRefusedError
from shared.clients.mediabrowser import PublicServer
from shared.clients.plex_server import ServerIdentity
from shared.clients.seerr.problems import CsrfProtectedError
from shared.errors import Fault, PermanentError, TransientError, UsherError
from shared.http.calls import RefusedError
from shared.http.egress import EgressError
from shared.schemas.media import Provider
from shared.schemas.servers import Finding, SeerrRequests

_PRODUCTS: Final[dict[Provider, str]] = {
    "plex": "a Plex Media Server",
    "jellyfin": "Jellyfin",
    "emby": "Emby",
    "seerr": "Seerr",
}
_EXAMPLES: Final[dict[Provider, str]] = {
    "plex": "http://192.168.1.10:32400",
    "jellyfin": "http://192.168.1.10:8096",
    "emby": "http://192.168.1.10:8096",
    "seerr": "http://192.168.1.10:5055",
}
_CREDENTIALS: Final[dict[Provider, tuple[str, str]]] = {
    "plex": ("token", "give a token of the server's owner: `usher link plex` shows who you are at Plex"),
    "jellyfin": ("token", "make an API key in Jellyfin's dashboard, under API Keys"),
    "emby": ("token", "make an API key in Emby's settings, under Advanced, API Keys"),
    "seerr": ("api_key", "copy the API key from Seerr's settings, under General"),
}


_CSRF_OFF: Final = "turn CSRF protection off in Seerr's settings, under Network or General, and restart Seerr"

_MACHINE_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_LONGEST_VERSION: Final = 100
_LARGEST_COUNT: Final = 1_000_000_000
_MOST_PROBLEMS: Final = 3


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers at an address."""

    kind: Provider
    machine_id: str | None
    version: str
    dialect: str | None = None


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """What the credential turned out to be good for."""

    findings: tuple[Finding, ...]
    refusal: Fault | None = None
    user_count: int | None = None
    requests: SeerrRequests | None = None
    imports_again: bool = False


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What a server said. `refusal` is why it must not be stored like this, and what is wrong with what was given."""

    findings: tuple[Finding, ...]
    reachable: bool
    refusal: Fault | None = None
    machine_id: str | None = None
    version: str | None = None
    dialect: str | None = None
    user_count: int | None = None
    requests: SeerrRequests | None = None
    imports_again: bool = False
    """What kept Seerr from importing is mended."""

    @property
    def works(self) -> bool:
        """Return whether all that was tested works."""
        return all(finding.works for finding in self.findings)

    @property
    def problem(self) -> str | None:
        """Return the first thing that does not work, with what to do about it."""
        wrong = next((finding for finding in self.findings if not finding.works), None)
        return None if wrong is None else leniency.text(f"{wrong.text}: {wrong.mend}" if wrong.mend else wrong.text)

    def seen(self) -> Seen:
        """Return what is kept of it."""
        return Seen(
            reachable=self.reachable,
            problem=self.problem,
            machine_id=self.machine_id,
            version=self.version,
            user_count=self.user_count,
            dialect=self.dialect,
            imports_again=self.imports_again,
        )


def identified(found: PublicServer | ServerIdentity) -> Identity:
    """Return who answered a media server's first call; raise `RefusedError` for a name that no server has."""
    version = version_of(found.version)
    if isinstance(found, ServerIdentity):
        return Identity(kind="plex", machine_id=_machine_id(found.machine_id), version=version)
    kind: Provider = "jellyfin" if found.is_jellyfin else "emby"
    return Identity(kind=kind, machine_id=_machine_id(found.id), version=version)


def version_of(said: str) -> str:
    """Return a version as it is kept: what answers may say anything."""
    return leniency.text(said, limit=_LONGEST_VERSION) or ""


def count_of(said: int) -> int:
    """Return a number as it is kept: what answers may say any."""
    return min(max(said, 0), _LARGEST_COUNT)


def _machine_id(said: str) -> str:
    if _MACHINE_ID.fullmatch(said) is None:
        raise RefusedError("what answers there calls itself what no server does")
    return said


def silent(error: UsherError) -> Probe:
    """Return what it means that nobody answers: it may come back."""
    mend = "is it running, and is this its address as seen from Usher's host?"
    return Probe(findings=(_broken("address", error.detail, mend),), reachable=False)


def forbidden(error: EgressError) -> Probe:
    """Return what it means that the address leads where Usher does not connect to."""
    mend = "give the address of the server itself"
    return Probe(
        findings=(_broken("address", error.detail, mend),), reachable=False, refusal=Fault("url", error.detail)
    )


def another_kind(kind: Provider, identity: Identity) -> Probe:
    """Return what it means that a server of another kind answers."""
    text = f"what answers there is {_PRODUCTS[identity.kind]}, not {_PRODUCTS[kind]}"
    return _misplaced("url", text, "correct the address or the type")


def stranger(kind: Provider, error: RefusedError) -> Probe:
    """Return what it means that something answers that is no server at all."""
    if error.answered is not None and 300 <= error.answered < 400:  # noqa: PLR2004 (redirects)
        text = f"it points to another address ({error.answered})"
        return _misplaced("url", text, "give the address that it points to")
    text = f"what answers there is not {_PRODUCTS[kind]}"
    return _misplaced("url", text, f"give the address of the server itself, such as {_EXAMPLES[kind]}")


def other_machine(identity: Identity, expected: str) -> Probe:
    """Return what it means that a server answers, but another one than was expected: it is not given the token."""
    text = f"another server answers there ({identity.machine_id}), not {expected}"
    mend = "correct the address; if the server was set up anew, change the server with its token and address"
    return _misplaced("machine_identifier", text, mend)


def _misplaced(path: str, text: str, mend: str) -> Probe:
    found = _broken("server", text, mend)
    return Probe(findings=(found,), reachable=False, refusal=Fault(path, f"{text}: {mend}"))


def known(identity: Identity, rights: Rights) -> Probe:
    """Return what a server said that is the right one."""
    product = _PRODUCTS[identity.kind]
    answers = Finding(aspect="server", works=True, text=f"{product} {identity.version} answers".replace("  ", " "))
    return Probe(
        findings=(answers, *rights.findings),
        reachable=True,
        refusal=rights.refusal,
        machine_id=identity.machine_id,
        version=identity.version or None,
        dialect=identity.dialect,
        user_count=rights.user_count,
        requests=rights.requests,
        imports_again=rights.imports_again,
    )


def rights_of(
    kind: Provider,
    answer: object,
    *,
    users: int | UsherError,
    owner: UsherError | None = None,
    problems: Sequence[str] = (),
) -> Rights:
    """Return what a credential is good for, from what the server answered to it: things, or errors.

    `owner` is the answer to what only an owner or an administrator may ask, `problems` what is odd about single users.
    """
    field, mend = _CREDENTIALS[kind]
    if isinstance(answer, CredentialRefusedError):
        text = f"{_PRODUCTS[kind]} does not accept the {field.replace('_', ' ')}"
        return Rights(findings=(_broken("credential", text, mend),), refusal=Fault(field, f"{text}: {mend}"))
    if isinstance(answer, TransientError) or (isinstance(answer, RefusedError) and answer.answered is None):
        return Rights(findings=(_broken("credential", f"the {field} could not be tested: {answer.detail}", ""),))
    findings = [Finding(aspect="credential", works=True, text=f"the {field.replace('_', ' ')} is accepted")]
    if isinstance(answer, PermanentError) or owner is not None:
        findings.append(_broken("rights", "the token is not that of the owner or an administrator", mend))
    findings.append(_counted(kind, users, problems))
    return Rights(findings=tuple(findings), user_count=users if isinstance(users, int) else None)


def rights_in_seerr(
    me: object,
    *,
    users: int | UsherError,
    requests: SeerrRequests | None,
    write: UsherError | None,
    import_problem: str | None,
    is_import_tried: bool,
) -> Rights:
    """Return what Seerr's key is good for; `write` is the answer to a change of nothing.

    `import_problem` is why it cannot import, as far as is known; `is_import_tried` says that it was asked.
    """
    rights = rights_of("seerr", me, users=users)
    more = []
    if isinstance(write, CsrfProtectedError):
        more.append(
            _broken("rights", "Seerr takes no changes by API key, because its CSRF protection is on", _CSRF_OFF)
        )
    if import_problem is not None:
        text, _, mend = import_problem.partition(": ")
        more.append(_broken("users", text, mend))
    return msgspec.structs.replace(
        rights,
        findings=(*rights.findings, *more),
        requests=requests,
        imports_again=is_import_tried and import_problem is None,
    )


def _counted(kind: Provider, users: int | UsherError, problems: Sequence[str]) -> Finding:
    if isinstance(users, int):
        odd = f"; {'; '.join(problems[:_MOST_PROBLEMS])}" if problems else ""
        return Finding(aspect="users", works=True, text=f"it has {users} users{odd}")
    if kind == "plex" and isinstance(users, PermanentError):
        mend = "give the token of the owner's account, not one for this server only"
        return _broken("users", "plex.tv does not tell with whom the server is shared", mend)
    return _broken("users", f"its users could not be counted: {users.detail}", "")


def _broken(aspect: Any, text: str, mend: str) -> Finding:
    return Finding(aspect=aspect, works=False, text=text, mend=mend)


def without_token(kind: Provider) -> Probe:
    """Return what it means that a server's token is not in the vault, or does not open."""
    field, mend = _CREDENTIALS[kind]
    text = f"its {field.replace('_', ' ')} is not there or cannot be opened"
    return Probe(findings=(_broken("credential", text, f"change the server with it; {mend}"),), reachable=False)
