"""Who calls: the credential of a request, and whose it is."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec

from services.gateway.access.scopes import Scope
from services.gateway.store.audit import AuditEntry
from shared.errors import ForbiddenError

Kind = Literal["session", "key"]


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with a valid credential: a user with a session, or a key (names of keys are not unique)."""

    name: str
    scopes: frozenset[Scope]
    address: str
    credential_id: str
    kind: Kind
    person_id: str | None = None
    """The person that the credential belongs to and acts as, if any."""
    former_id: str | None = None
    """The person's id when the credential was made; another one where they were merged since."""
    person_name: str = ""
    has_password: bool = True
    """False for a session of somebody who comes in with Plex only."""

    @property
    def shown_name(self) -> str:
        """What pages call them: who has no password has no name to log in with either."""
        return self.name if self.has_password else self.person_name or self.name

    @property
    def session_id(self) -> str | None:
        """The session, where this is one."""
        return self.credential_id if self.kind == "session" else None

    @property
    def key_id(self) -> str | None:
        """The key, where this is one."""
        return self.credential_id if self.kind == "key" else None

    def may(self, scope: Scope) -> bool:
        """Say whether this caller is allowed that."""
        return scope in self.scopes

    def act_for(self, person_id: str | None) -> str | None:
        """Return which person this is for: the one asked for, else the caller's own, if they have one.

        Raises `ForbiddenError` for anybody else without the scope `admin`.
        """
        if person_id is None or (self.person_id is not None and person_id in {self.person_id, self.former_id}):
            return self.person_id
        self.require_admin("to act for another person, or to see what they linked,")
        return person_id

    def see_only(self, person_id: str | None) -> str | None:
        """Return whose rows to show: any to a caller who may read, else only the caller's own.

        Raises `ForbiddenError` where somebody else's are asked for.
        """
        return person_id if self.may("read") else self.act_for(person_id)

    def require_admin(self, purpose: str) -> None:
        """Raise `ForbiddenError` where the caller may not decide for others."""
        if not self.may("admin"):
            raise ForbiddenError(f"{purpose} needs a credential with the scope admin")

    def did(self, action: str, object: str, *, at: datetime) -> AuditEntry:  # noqa: A002 (what the audit calls it)
        """Return the audit's entry for what this caller did."""
        actor = f"key {self.name}" if self.session_id is None else self.name
        return AuditEntry(at=at, actor=actor, address=self.address, action=action, object=object)


def credential_in(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the credential in the headers: `X-API-Key`, else `Authorization: Bearer`; None for none."""
    found = {
        name: value.decode("latin-1").strip() for name, value in headers if name in {b"x-api-key", b"authorization"}
    }
    if key := found.get(b"x-api-key"):
        return key
    scheme, _, value = found.get(b"authorization", "").partition(" ")
    return value.strip() or None if scheme.lower() == "bearer" else None
