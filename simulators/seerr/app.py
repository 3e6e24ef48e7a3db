"""A Seerr of any dialect: its status, users and settings, with its authentication."""

from datetime import timedelta
from typing import Final

from simulators.asgi import App, Handler, Request, Response
from simulators.determinism import Clock, Ids
from simulators.plex_tv.accounts import Accounts
from simulators.seerr.accounts import AccountRoutes
from simulators.seerr.authentication import Authentication
from simulators.seerr.dialect import Dialect
from simulators.seerr.importing import Imports
from simulators.seerr.people import UserRoutes
from simulators.seerr.preferences import SettingRoutes
from simulators.seerr.refusals import RefusedError, unfit
from simulators.seerr.system import SystemRoutes
from simulators.seerr.users import Permission, User, Users, UserType

PREFIX: Final = "/api/v1"
_PUBLIC: Final = frozenset({"/status", "/settings/public", "/auth/plex"})


class Seerr(App):
    """The stand-in. `users` is its database, `imports` the one media server that it is set up with."""

    def __init__(
        self,
        dialect: Dialect = Dialect.SEERR,
        *,
        api_key: str = "seerr-api-key",
        clock: Clock | None = None,
        ids: Ids | None = None,
        csrf_protection: bool = False,
        password_cost: timedelta = timedelta(),
    ) -> None:
        self.dialect = dialect
        self.users = Users(clock or Clock(), dialect)
        self.imports = Imports(self.users)
        self.owner = self._add_owner()
        self.authentication = Authentication(self.users, api_key, csrf_protection=csrf_protection)
        self.preferences = SettingRoutes(self.users, self.authentication, dialect)
        routes: dict[str, Handler] = {
            **SystemRoutes(self.users, self.imports, self.authentication, dialect).routes(),
            **UserRoutes(self.users, self.authentication, password_cost=password_cost).routes(),
            **self.preferences.routes(),
            **AccountRoutes(self.users, self.authentication, self.imports, ids or Ids("seerr")).routes(dialect),
        }
        literal_first = sorted(routes.items(), key=lambda route: "{" in route[0])
        super().__init__({route.replace(" ", f" {PREFIX}", 1): handler for route, handler in literal_first})

    def uses_plex(self, accounts: Accounts, *, machine_id: str, owner_id: int) -> None:
        """Set it up with a Plex server, whose users can be imported and sign in."""
        self.imports.plex = accounts
        self.imports.machine_id = machine_id
        self.imports.owner_id = self.owner.plex_id = owner_id
        if owner_id in accounts.by_id:
            self.owner.plex_token = accounts.sign_in(accounts.by_id[owner_id])

    def start_anew(self) -> None:
        """Become a new installation with the same address and key, with no user but the owner."""
        kept = self.owner
        self.users.empty()
        self.owner = self._add_owner()
        self.owner.plex_id, self.owner.plex_token = kept.plex_id, kept.plex_token

    def _add_owner(self) -> User:
        admin = int(Permission.ADMIN)
        owner = self.users.add(email="owner@example.com", user_type=UserType.PLEX, permissions=admin)
        owner.plex_username = "owner"
        return owner

    def uses_jellyfin(self, names: dict[str, str], *, is_emby: bool = False, server_id: str = "jellyfin-1") -> None:
        """Set it up with a Jellyfin or an Emby, whose users have these ids and names."""
        self.imports.jellyfin_server_id = server_id
        self.imports.jellyfin_names = names
        self.imports.jellyfin_type = UserType.EMBY if is_emby else UserType.JELLYFIN

    async def serve(self, request: Request) -> Response:
        """Refuse forged changes, then check the request against the API description, then check the caller."""
        try:
            self.authentication.check_forgery(request)
            if self.knows(request.path) and request.path.removeprefix(PREFIX) not in _PUBLIC:
                self.authentication.check(request)
            return await super().serve(request)
        except RefusedError as exc:
            return exc.response
        finally:
            self.preferences.settle()

    def missing(self, request: Request, *, is_known_path: bool) -> Response:
        """Answer a path that the API description does not have."""
        message = f"{request.method} method not allowed" if is_known_path else "not found"
        return unfit(request.path, message, status=405 if is_known_path else 404).response
