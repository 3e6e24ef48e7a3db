"""How a Seerr authenticates a request, and which user it acts as."""

from typing import Final

from simulators.asgi import Request
from simulators.seerr.refusals import forbidden, invalid, refusal, unfit
from simulators.seerr.users import OWNER_ID, Permission, User, Users

_READS: Final = frozenset({"GET", "HEAD"})


class Authentication:
    """Identifies the caller by key and, if sent, by the id of the user to act as."""

    def __init__(self, users: Users, api_key: str, *, csrf_protection: bool) -> None:
        self._users = users
        self.api_key = api_key
        self.csrf_protection = csrf_protection

    def check(self, request: Request) -> None:
        """Require a key; raises `RefusedError`."""
        if not request.header("x-api-key"):
            raise unfit(request.path, "cookie 'connect.sid' required", status=401)
        self.caller(request)

    def check_forgery(self, request: Request) -> None:
        """Refuse every change, even a sign-in, if forgery protection is on: it is checked first, whatever the key."""
        if self.csrf_protection and request.method not in _READS:
            raise refusal(403, "invalid csrf token")

    def caller(self, request: Request, permission: Permission = Permission.NONE) -> User:
        """Return the caller if they have the right; raises the same `RefusedError` for a wrong key and no such user."""
        if request.header("x-api-key") != self.api_key:
            raise forbidden()
        user = self._users.find(request.header("x-api-user") or OWNER_ID)
        if user is None or (permission and not user.may(permission)):
            raise forbidden()
        return user

    def user_in_path(self, request: Request) -> User:
        """Return the user that the path names; raises `RefusedError`."""
        number = request.values["userId"]
        if not number.removeprefix("-").isdecimal():
            raise invalid("/params/userId", "must be number", code="type")
        user = self._users.find(number)
        if user is None:
            raise refusal(404, "User not found.")
        return user
