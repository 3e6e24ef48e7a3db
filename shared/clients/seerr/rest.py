"""Seerr, Overseerr and Jellyseerr: users, their settings, its version and its counts.

seerr-api.yml of https://github.com/seerr-team/seerr describes the API. Where the program behaves differently, we follow
the program and say so here. The API key acts as Seerr's owner, or as the user of `X-API-User`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx

from shared.clients.api import Api, Headers, Query
from shared.clients.lists import read_list
from shared.clients.seerr.dialect import Dialect, dialect_of
from shared.clients.seerr.problems import (
    error_of,
    jellyfin_import_error_of,
    plex_import_error_of,
    sign_in_error_of,
)
from shared.clients.seerr.settings import UserSettings, with_discord_id, without_discord_id, writable
from shared.clients.seerr.users import (
    PublicSettings,
    RequestCounts,
    SeerrUser,
    Status,
    UserPage,
    WireJellyfinServer,
    WirePlexServer,
    WireUsers,
    candidate_of,
    user_of,
)
from shared.errors import TransientError, UsherError
from shared.http.calls import RefusedError
from shared.http.upstream import Upstream
from shared.schemas.secret import Secret

PAGE: Final = 100
MOST_USERS: Final = 100_000

_ROOT: Final = "/api/v1"


class Seerr:
    """Calls one Seerr. Creating a user takes it a quarter of a second: keep the upstream at four calls at once."""

    def __init__(self, http: httpx.AsyncClient, upstream: Upstream, *, url: str, api_key: Secret) -> None:
        self._api_key = api_key
        base = f"{url.rstrip('/').removesuffix(_ROOT)}{_ROOT}"
        self._open = Api(http, upstream, url=base, explain=self._explain)
        self._api = Api(http, upstream, url=base, headers={"X-API-Key": api_key}, explain=self._explain)

    async def status(self) -> Status:
        """Return which version answers; needs no key."""
        return await self._open.ask("GET", "/status", Status)

    async def public_settings(self) -> PublicSettings:
        """Return the public settings; needs no key."""
        return await self._open.ask("GET", "/settings/public", PublicSettings)

    async def dialect(self) -> Dialect:
        """Return its dialect."""
        status, settings = await self.status(), await self.public_settings()
        return dialect_of(status.version, names_media_server=settings.media_server_type is not None)

    async def me(self) -> SeerrUser:
        """Return the user that the key acts as, which shows that the key is valid."""
        return await self._api.ask("GET", "/auth/me", SeerrUser)

    async def request_counts(self) -> RequestCounts:
        """Return how many requests there are, by status."""
        return await self._api.ask("GET", "/request/count", RequestCounts)

    async def users(self, *, take: int = PAGE, skip: int = 0) -> UserPage:
        """Return a page of users, oldest first, without their settings.

        Raises `RefusedError` if one cannot be read: a person missing from the list would be taken to have no user.
        """
        query: Query = {"take": take, "skip": skip, "sort": "created"}
        wire = await self._api.ask("GET", "/user", WireUsers, query=query)
        found = read_list(wire.results, user_of)
        if found.problems:
            raise RefusedError(
                f"{self._api.name} lists users of whom {found.problems[0]}; the list is not used, "
                "because people whom it lacks would get a second user"
            )
        return UserPage(found.rows, wire.page_info.results)

    async def all_users(self) -> list[SeerrUser]:
        """Return every user, page by page.

        Raises `TransientError` if the list shrank meanwhile, because a user who moved up a page was missed, and
        `RefusedError` for a list without an end.
        """
        found: dict[int, SeerrUser] = {}
        read = 0
        while read < MOST_USERS:
            page = await self.users(skip=read)
            read += len(page.users)
            found.update((user.id, user) for user in page.users)
            if not page.users or read >= page.total:
                if len(found) < page.total:
                    raise TransientError(f"The users of {self._api.name} changed while they were read")
                return list(found.values())
        raise RefusedError(f"{self._api.name} has over {MOST_USERS} users: they are not read")

    async def user(self, user_id: int) -> SeerrUser:
        """Return one user."""
        return await self._api.ask("GET", f"/user/{user_id}", SeerrUser)

    async def create_local_user(self, *, username: str, password: Secret, email: str | None = None) -> SeerrUser:
        """Return a new local user; Seerr gives it the default permissions whatever is asked for.

        Raises `UserExistsError` if the e-mail address is taken; without an address, Seerr uses the name for it. Without
        a password, Seerr would have to send one by e-mail.
        """
        body = {"username": username, "password": password, **({"email": email} if email is not None else {})}
        return await self._api.ask("POST", "/user", SeerrUser, body=body)

    async def import_from_plex(self, plex_ids: Sequence[int]) -> list[SeerrUser]:
        """Return the users made from accounts that Seerr's own Plex server is shared with; others are left out.

        Accounts without an e-mail address, such as managed members of a Home, cannot be imported. A local user with the
        same address becomes a Plex user, and is not in the answer. Raises `ImportRefusedError` if it fails until
        somebody fixes it.
        """
        body = {"plexIds": [str(plex_id) for plex_id in plex_ids]}
        path, explain = "/user/import-from-plex", self._no_plex_import
        return await self._api.ask("POST", path, list[SeerrUser], body=body, explain=explain)

    async def check_plex_import(self) -> None:
        """Raise `ImportRefusedError` if Seerr cannot import. It asks plex.tv for each entry of its owner's list."""
        await self._api.ask("GET", "/settings/plex/users", list[Any], explain=self._no_plex_import)

    async def import_from_jellyfin(self, jellyfin_ids: Sequence[str]) -> list[SeerrUser]:
        """Return the users made from accounts of Seerr's own Jellyfin or Emby server; not for Overseerr.

        An id that is not exactly one of `jellyfin_candidates` creates a user without name and address.
        """
        body = {"jellyfinUserIds": list(jellyfin_ids)}
        path, explain = "/user/import-from-jellyfin", self._no_jellyfin_import
        return await self._api.ask("POST", path, list[SeerrUser], body=body, explain=explain)

    async def jellyfin_candidates(self) -> list[str]:
        """Return the ids of the accounts that Seerr sees on its Jellyfin or Emby; not for Overseerr.

        An account without an id cannot be imported, and is left out.
        """
        path, explain = "/settings/jellyfin/users", self._no_jellyfin_import
        wire = await self._api.ask("GET", path, list[Any], explain=explain)
        return [each.id for each in read_list(wire, candidate_of).rows]

    async def try_to_write(self) -> None:
        """Make a change without effect, which shows whether changes are accepted; raises what any change would."""
        await self._api.send("PUT", "/user", body={"ids": [], "permissions": 0})

    async def plex_machine_id(self) -> str | None:
        """Return which Plex server Seerr imports from."""
        return (await self._api.ask("GET", "/settings/plex", WirePlexServer)).machine_id or None

    async def jellyfin_server_id(self) -> str | None:
        """Return which Jellyfin or Emby server Seerr imports from; not for Overseerr."""
        server = await self._api.ask("GET", "/settings/jellyfin", WireJellyfinServer)
        return server.server_id or server.described_id

    async def notification_settings(self, user_id: int) -> UserSettings:
        """Return a user's notification settings, with the Discord id."""
        return await self._api.ask("GET", f"/user/{user_id}/settings/notifications", UserSettings)

    async def save_notification_settings(self, user_id: int, settings: Mapping[str, Any]) -> None:
        """Write them back whole, as that user: Seerr gives a user's first settings to whoever writes them.

        Seerr answers before it has saved, so reading at once may return old settings.
        """
        await self._api.send(
            "POST", f"/user/{user_id}/settings/notifications", body=writable(settings), headers=_as_user(user_id)
        )

    async def write_discord_id(self, user_id: int, discord_id: str, *, dialect: Dialect) -> bool:
        """Store a user's Discord id, so that Seerr mentions them; return False, and send nothing, if it is there.

        Seerr answers before it has saved: to be sure, read it back a moment later.
        """
        settings = await self.notification_settings(user_id)
        return await self._change_settings(user_id, settings, with_discord_id(settings, discord_id, dialect=dialect))

    async def remove_discord_id(self, user_id: int, discord_id: str, *, dialect: Dialect) -> bool:
        """Remove a user's Discord id; return False, and send nothing, if it is not there."""
        settings = await self.notification_settings(user_id)
        return await self._change_settings(user_id, settings, without_discord_id(settings, discord_id, dialect=dialect))

    async def _change_settings(self, user_id: int, settings: UserSettings, wanted: UserSettings) -> bool:
        if wanted == settings:
            return False
        await self.save_notification_settings(user_id, wanted)
        return True

    async def give_plex_token(self, token: Secret) -> None:
        """Sign in to Seerr with a Plex token, which it then keeps to read the watchlist.

        Only for classic tokens: one that expires after a week would silently break the watchlist. Refused (403) for
        accounts without access to Seerr's server.
        """
        await self._open.send("POST", "/auth/plex", body={"authToken": token}, explain=self._sign_in)

    def _explain(self, response: httpx.Response) -> UsherError | None:
        return error_of(self._api.name, response, api_key=self._api_key)

    def _no_plex_import(self, response: httpx.Response) -> UsherError | None:
        return plex_import_error_of(self._api.name, response, api_key=self._api_key)

    def _no_jellyfin_import(self, response: httpx.Response) -> UsherError | None:
        return jellyfin_import_error_of(self._api.name, response, api_key=self._api_key)

    def _sign_in(self, response: httpx.Response) -> UsherError | None:
        return sign_in_error_of(self._api.name, response)


def _as_user(user_id: int) -> Headers:
    return {"X-API-User": str(user_id)}
