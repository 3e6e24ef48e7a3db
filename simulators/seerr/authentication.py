"""Who may come in to a Seerr, and as whom."""

from typing import Final

from simulators.asgi import Request
from simulators.seerr.refusals import forbidden, invalid, refused, unfit
from simulators.seerr.users import OWNER_ID, Permission, User, Users

_READS: Final = frozenset({"GET", "HEAD"})


class Authentication:
    """Tells the caller by key and, where it is sent, by the id of the user in whose name he acts."""

    def __init__(self, users: Users, api_key: str, *, csrf_protection: bool) -> None:
        self._users = users
        self.api_key = api_key
        self.csrf_protection = csrf_protection

    def check(self, request: Request) -> None:
        """Refuse who brings no key; raises `RefusedError`."""
        if not request.header("x-api-key"):
            raise unfit(request.path, "cookie 'connect.sid' required", status=401)
        self.caller(request)

    def check_forgery(self, request: Request) -> None:
        """Refuse every change, sign-in too, where forgery protection is on: it comes before all else, with its key."""
        if self.csrf_protection and request.method not in _READS:
            raise refused(403, "invalid csrf token")

    def caller(self, request: Request, permission: Permission = Permission.NONE) -> User:
        """Return the caller if he may; raises `RefusedError`, the same for a wrong key and an unknown user."""
        if request.header("x-api-key") != self.api_key:
            raise forbidden()
        user = self._users.find(request.header("x-api-user") or OWNER_ID)
        if user is None or (permission and not user.may(permission)):
            raise forbidden()
        return user

    def found(self, request: Request) -> User:
        """Return the user in the address; raises `RefusedError`."""
        number = request.values["userId"]
        if not number.removeprefix("-").isdecimal():
            raise invalid("/params/userId", "must be number", code="type")
        user = self._users.find(number)
        if user is None:
            raise refused(404, "User not found.")
        return user
