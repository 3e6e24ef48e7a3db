"""A Seerr's status, public and main settings, and counts."""

from typing import Any, Final

from simulators.asgi import Handler, Request, Response, json_response
from simulators.seerr.authentication import Authentication
from simulators.seerr.dialect import Dialect
from simulators.seerr.importing import Imports
from simulators.seerr.users import Permission, Users

_REQUEST_STATES: Final = {"pending": 1, "approved": 2, "declined": 3, "completed": 5}


class SystemRoutes:
    """The routes that describe this Seerr."""

    def __init__(self, users: Users, imports: Imports, authentication: Authentication, dialect: Dialect) -> None:
        self._users = users
        self._imports = imports
        self._authentication = authentication
        self._dialect = dialect
        self.title = dialect.name.title()

    def routes(self) -> dict[str, Handler]:
        """Return the routes."""
        return {
            "GET /status": self._status,
            "GET /settings/public": self._public,
            "GET /settings/main": self._main,
            "GET /settings/about": self._about,
            "GET /settings/plex": self._plex,
            **({"GET /settings/network": self._network} if self._dialect.speaks_jellyfin else {}),
            **({"GET /settings/jellyfin": self._jellyfin} if self._dialect.speaks_jellyfin else {}),
            "GET /request/count": self._count,
            "GET /auth/me": self._me,
        }

    async def _status(self, request: Request) -> Response:  # noqa: ARG002 - every handler is given it
        return json_response(
            {
                "version": self._dialect.value,
                "commitTag": "local",
                "updateAvailable": False,
                "commitsBehind": 0,
                "restartRequired": False,
            }
        )

    async def _public(self, request: Request) -> Response:  # noqa: ARG002
        media_server = {"mediaServerType": self._imports.media_server_type} if self._dialect.speaks_jellyfin else {}
        return json_response(
            {
                "initialized": True,
                "applicationTitle": self.title,
                "applicationUrl": "",
                "hideAvailable": False,
                "localLogin": True,
                "movie4kEnabled": False,
                "series4kEnabled": False,
                "region": "",
                "originalLanguage": "",
                "partialRequestsEnabled": True,
                "cacheImages": False,
                "vapidPublic": "",
                "enablePushRegistration": False,
                "locale": "en",
                "emailEnabled": False,
                "newPlexLogin": self._imports.lets_new_plex_users_in,
                **media_server,
            }
        )

    async def _main(self, request: Request) -> Response:
        self._authentication.caller(request, Permission.MANAGE_SETTINGS)
        quotas: dict[str, Any] = {"movie": {}, "tv": {}}
        return json_response(
            {
                "apiKey": self._authentication.api_key,
                "applicationTitle": self.title,
                "applicationUrl": "",
                "defaultPermissions": int(Permission.REQUEST),
                "defaultQuotas": quotas,
                "hideAvailable": False,
                "localLogin": True,
                "newPlexLogin": self._imports.lets_new_plex_users_in,
                "partialRequestsEnabled": True,
                "locale": "en",
                **({} if self._dialect.speaks_jellyfin else {"csrfProtection": self._authentication.csrf_protection}),
            }
        )

    async def _network(self, request: Request) -> Response:
        self._authentication.caller(request, Permission.MANAGE_SETTINGS)
        return json_response(
            {
                "csrfProtection": self._authentication.csrf_protection,
                "forceIpv4First": False,
                "trustProxy": False,
                "proxy": {"enabled": False, "hostname": "", "port": 8080, "useSsl": False, "user": "", "password": ""},
                "dnsCache": {"enabled": False, "forceMinTtl": 0, "forceMaxTtl": -1},
            }
        )

    async def _about(self, request: Request) -> Response:
        self._authentication.caller(request, Permission.MANAGE_SETTINGS)
        media = {(each.media_type, each.tmdb_id) for each in self._users.requests}
        return json_response(
            {
                "version": self._dialect.value,
                "totalMediaItems": len(media),
                "totalRequests": len(self._users.requests),
                "tz": "UTC",
                "appDataPath": "/app/config",
            }
        )

    async def _plex(self, request: Request) -> Response:
        self._authentication.caller(request, Permission.ADMIN)
        machine_id = self._imports.machine_id
        known = {"name": "Plex", "machineId": machine_id, "ip": "127.0.0.1"} if machine_id else {"name": "", "ip": ""}
        return json_response({**known, "port": 32400, "useSsl": False, "libraries": []})

    async def _jellyfin(self, request: Request) -> Response:
        """Answer with `serverId`: only the API description calls it serverID.

        https://github.com/seerr-team/seerr, server/lib/settings/index.ts
        """
        self._authentication.caller(request, Permission.ADMIN)
        server_id = self._imports.jellyfin_server_id
        known = {"name": "Jellyfin", "ip": "127.0.0.1"} if server_id else {"name": "", "ip": ""}
        return json_response(
            {
                **known,
                "port": 8096,
                "useSsl": False,
                "urlBase": "",
                "externalHostname": "",
                "jellyfinForgotPasswordUrl": "",
                "libraries": [],
                "serverId": server_id,
                "apiKey": "jellyfin-api-key" if server_id else "",
            }
        )

    async def _count(self, request: Request) -> Response:
        self._authentication.caller(request)
        found = self._users.requests
        counts = {name: sum(each.status == state for each in found) for name, state in _REQUEST_STATES.items()}
        kinds = {kind: sum(each.media_type == kind for each in found) for kind in ("movie", "tv")}
        return json_response({"total": len(found), **kinds, **counts, "processing": 0, "available": 0})

    async def _me(self, request: Request) -> Response:
        return json_response(self._users.full(self._authentication.caller(request), to_manager=True))
