"""What a server's answers to a probe mean: what works, what does not, how to fix it. Pure decisions."""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from services.linker.servers.server_types import SERVER_TYPES
from services.linker.servers.store import ServerStatus
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
    """What the credential allows."""

    findings: tuple[Finding, ...]
    refusal: Fault | None = None
    user_count: int | None = None
    requests: SeerrRequests | None = None
    imports_again: bool = False


class ProbeResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a server said. `refusal` is why it must not be stored like this, and which field is wrong."""

    findings: tuple[Finding, ...]
    reachable: bool
    refusal: Fault | None = None
    machine_id: str | None = None
    version: str | None = None
    dialect: str | None = None
    user_count: int | None = None
    requests: SeerrRequests | None = None
    imports_again: bool = False
    """Seerr can import users again."""

    @property
    def works(self) -> bool:
        """Return whether everything that was tested works."""
        return all(finding.works for finding in self.findings)

    @property
    def problem(self) -> str | None:
        """Return the first thing that does not work, with what to do about it."""
        wrong = next((finding for finding in self.findings if not finding.works), None)
        return None if wrong is None else leniency.text(f"{wrong.text}: {wrong.mend}" if wrong.mend else wrong.text)

    def status(self) -> ServerStatus:
        """Return the part that is stored."""
        return ServerStatus(
            reachable=self.reachable,
            problem=self.problem,
            machine_id=self.machine_id,
            version=self.version,
            user_count=self.user_count,
            dialect=self.dialect,
            imports_again=self.imports_again,
        )


def identity_of(found: PublicServer | ServerIdentity) -> Identity:
    """Return who answered the first call; raise `RefusedError` for a machine id that no server would have."""
    version = version_of(found.version)
    if isinstance(found, ServerIdentity):
        return Identity(kind="plex", machine_id=_machine_id(found.machine_id), version=version)
    kind: Provider = "jellyfin" if found.is_jellyfin else "emby"
    return Identity(kind=kind, machine_id=_machine_id(found.id), version=version)


def version_of(said: str) -> str:
    """Return a version as it is stored: the other side may have said anything."""
    return leniency.text(said, limit=_LONGEST_VERSION) or ""


def count_of(said: int) -> int:
    """Return a count as it is stored: the other side may have said any number."""
    return min(max(said, 0), _LARGEST_COUNT)


def _machine_id(said: str) -> str:
    if _MACHINE_ID.fullmatch(said) is None:
        raise RefusedError("what answers there gives a machine id that no server would have")
    return said


def no_answer(error: UsherError) -> ProbeResult:
    """Return the result where nothing answers: the server may come back."""
    mend = "is it running, and is this its address as seen from Usher's host?"
    return ProbeResult(findings=(_failure("address", error.detail, mend),), reachable=False)


def blocked_address(error: EgressError) -> ProbeResult:
    """Return the result for an address that Usher must not connect to."""
    mend = "give the address of the server itself"
    return ProbeResult(
        findings=(_failure("address", error.detail, mend),), reachable=False, refusal=Fault("url", error.detail)
    )


def wrong_type(kind: Provider, identity: Identity) -> ProbeResult:
    """Return the result where a server of another type answers."""
    text = f"what answers there is {SERVER_TYPES[identity.kind].product}, not {SERVER_TYPES[kind].product}"
    return _wrong_address("url", text, "correct the address or the type")


def not_a_server(kind: Provider, error: RefusedError) -> ProbeResult:
    """Return the result where something answers that is not a server at all."""
    if error.answered is not None and 300 <= error.answered < 400:  # noqa: PLR2004 (redirects)
        text = f"it points to another address ({error.answered})"
        return _wrong_address("url", text, "give the address that it points to")
    text = f"what answers there is not {SERVER_TYPES[kind].product}"
    mend = f"give the address of the server itself, such as {SERVER_TYPES[kind].example_url}"
    return _wrong_address("url", text, mend)


def wrong_server(identity: Identity, expected: str) -> ProbeResult:
    """Return the result where another server answers than expected: it is not given the token."""
    text = f"another server answers there ({identity.machine_id}), not {expected}"
    mend = "correct the address; if the server was set up anew, change the server with its token and address"
    return _wrong_address("machine_identifier", text, mend)


def _wrong_address(path: str, text: str, mend: str) -> ProbeResult:
    found = _failure("server", text, mend)
    return ProbeResult(findings=(found,), reachable=False, refusal=Fault(path, f"{text}: {mend}"))


def expected_server(identity: Identity, rights: Rights) -> ProbeResult:
    """Return the result where the expected server answers."""
    product = SERVER_TYPES[identity.kind].product
    answers = Finding(aspect="server", works=True, text=f"{product} {identity.version} answers".replace("  ", " "))
    return ProbeResult(
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
    """Return what a credential allows, from the server's answers to it: values, or errors.

    `owner` is the error from a call that only an owner or administrator may make; `problems` concern single users.
    """
    server_type = SERVER_TYPES[kind]
    field, mend = server_type.credential, server_type.how_to_get_it
    if isinstance(answer, CredentialRefusedError):
        text = f"{server_type.product} does not accept the {server_type.credential_name}"
        return Rights(findings=(_failure("credential", text, mend),), refusal=Fault(field, f"{text}: {mend}"))
    if isinstance(answer, TransientError) or (isinstance(answer, RefusedError) and answer.answered is None):
        return Rights(findings=(_failure("credential", f"the {field} could not be tested: {answer.detail}", ""),))
    findings = [Finding(aspect="credential", works=True, text=f"the {server_type.credential_name} is accepted")]
    if isinstance(answer, PermanentError) or owner is not None:
        findings.append(_failure("rights", "the token is not that of the owner or an administrator", mend))
    findings.append(_user_count(kind, users, problems))
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
    """Return what Seerr's key allows; `write` is the error from a change that changes nothing.

    `import_problem` is why it cannot import, as far as known; `is_import_tried` says whether it was asked.
    """
    rights = rights_of("seerr", me, users=users)
    more = []
    if isinstance(write, CsrfProtectedError):
        more.append(
            _failure("rights", "Seerr takes no changes by API key, because its CSRF protection is on", _CSRF_OFF)
        )
    if import_problem is not None:
        text, _, mend = import_problem.partition(": ")
        more.append(_failure("users", text, mend))
    return msgspec.structs.replace(
        rights,
        findings=(*rights.findings, *more),
        requests=requests,
        imports_again=is_import_tried and import_problem is None,
    )


def _user_count(kind: Provider, users: int | UsherError, problems: Sequence[str]) -> Finding:
    if isinstance(users, int):
        odd = f"; {'; '.join(problems[:_MOST_PROBLEMS])}" if problems else ""
        return Finding(aspect="users", works=True, text=f"it has {users} users{odd}")
    if kind == "plex" and isinstance(users, PermanentError):
        mend = "give the token of the owner's account, not one for this server only"
        return _failure("users", "plex.tv does not tell with whom the server is shared", mend)
    return _failure("users", f"its users could not be counted: {users.detail}", "")


def _failure(aspect: Any, text: str, mend: str) -> Finding:
    return Finding(aspect=aspect, works=False, text=text, mend=mend)


def missing_token(kind: Provider) -> ProbeResult:
    """Return the result where a server's token is not in the vault, or cannot be decrypted."""
    server_type = SERVER_TYPES[kind]
    mend = f"change the server with it; {server_type.how_to_get_it}"
    text = f"its {server_type.credential_name} is missing or cannot be decrypted"
    return ProbeResult(findings=(_failure("credential", text, mend),), reachable=False)
