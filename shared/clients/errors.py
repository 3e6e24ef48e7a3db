"""Refusals of other systems that our services must tell apart, beyond `shared.http.calls`."""

from shared.errors import InvalidError
from shared.http.calls import RefusedError


class CredentialRefusedError(RefusedError):
    """The other side does not accept the token or key, or no longer does."""

    title = "Credential refused"


class WrongPasswordError(InvalidError):
    """A person's user name and password do not match."""

    title = "Wrong user name or password"
