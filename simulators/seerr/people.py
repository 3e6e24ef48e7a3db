"""The routes of a Seerr's users: list, read, create, change, delete, permissions and quota, with Seerr's oddities."""

import asyncio
import math
from datetime import timedelta
from typing import Any, Final

from simulators.asgi import Handler, Request, Response, json_response
from simulators.seerr.authentication import Authentication
from simulators.seerr.refusals import refusal
from simulators.seerr.users import OWNER_ID, MediaRequest, Permission, User, Users, moment
from simulators.seerr.validation import body_of, check_query, number_of, refuse_read_only

_LIST: Final = frozenset({"take", "skip", "sort", "q", "includeIds"})
_PAGE: Final = frozenset({"take", "skip"})
_PASSWORDS_AT_ONCE: Final = 4
_DECLINED: Final = 3
_FORBIDDEN_LEVEL: Final = "You do not have permission to grant this level of access"


class UserRoutes:
    """The routes under /user. Setting a password takes the given time, four at once, as with bcrypt."""

    def __init__(self, users: Users, authentication: Authentication, *, password_cost: timedelta) -> None:
        self._users = users
        self._authentication = authentication
        self._password_cost = password_cost.total_seconds()
        self._hashing = asyncio.Semaphore(_PASSWORDS_AT_ONCE)

    def routes(self) -> dict[str, Handler]:
        """Return the routes."""
        return {
            "GET /user": self._list,
            "POST /user": self._create,
            "PUT /user": self._change_many,
            "GET /user/{userId}": self._one,
            "PUT /user/{userId}": self._change,
            "DELETE /user/{userId}": self._delete,
            "GET /user/{userId}/quota": self._quota,
            "GET /user/{userId}/requests": self._requests,
            "GET /user/{userId}/settings/permissions": self._permissions,
            "POST /user/{userId}/settings/permissions": self._permit,
        }

    async def _list(self, request: Request) -> Response:
        check_query(request, _LIST)
        caller = self._authentication.caller(request)
        wanted = {int(each) for each in request.query.get("includeIds", "").split(",") if each.isdecimal()}
        text = request.query.get("q", "").lower()
        found = [
            each for each in self._users.by_id.values() if _is_like(each, text) and (not wanted or each.id in wanted)
        ]
        size = number_of(request, "take", max(10, len(wanted)))
        skip = number_of(request, "skip", 0)
        rows = [self._users.row(each) for each in _sort(found, request.query.get("sort", ""))[skip : skip + size]]
        if not caller.may(Permission.MANAGE_USERS):
            rows = [{name: value for name, value in row.items() if name not in {"email", "plexId"}} for row in rows]
        return json_response(_page(rows, total=len(found), size=size, skip=skip))

    async def _create(self, request: Request) -> Response:
        body = body_of(request, {"email": "string", "username": "string", "permissions": "number"})
        self._authentication.caller(request, Permission.MANAGE_USERS)
        email = body.get("email") or body.get("username")
        if not email:
            raise refusal(500, "Cannot read properties of undefined (reading 'toLowerCase')")
        if self._users.with_email(email) is not None:
            raise refusal(409, "User already exists with submitted email.", "USER_EXISTS")
        if not body.get("password"):
            raise refusal(500, "Email notifications must be enabled")
        async with self._hashing:
            await asyncio.sleep(self._password_cost)
        if self._users.with_email(email) is not None:
            raise refusal(500, "SQLITE_CONSTRAINT: UNIQUE constraint failed: user.email")
        user = self._users.add(email=email, username=body.get("username"), password=body["password"])
        return json_response(self._users.saved(user), 201)

    async def _one(self, request: Request) -> Response:
        caller = self._authentication.caller(request)
        user = self._authentication.user_in_path(request)
        return json_response(self._users.full(user, to_manager=caller.may(Permission.MANAGE_USERS)))

    async def _change(self, request: Request) -> Response:
        body = body_of(request, {"username": "string", "permissions": "number"})
        refuse_read_only(body)
        caller = self._authentication.caller(request, Permission.MANAGE_USERS)
        user = self._authentication.user_in_path(request)
        if user.id == OWNER_ID != caller.id:
            raise refusal(403, "You do not have permission to modify this user")
        _check_grant(body.get("permissions"), caller)
        user.username = body.get("username", user.username)
        user.permissions = int(body.get("permissions", user.permissions))
        self._users.touch(user)
        return json_response(self._users.saved(user))

    async def _change_many(self, request: Request) -> Response:
        body = body_of(request, {"ids": "array", "permissions": "integer"})
        caller = self._authentication.caller(request, Permission.MANAGE_USERS)
        _check_grant(body.get("permissions"), caller)
        users = [user for each in body.get("ids", []) if (user := self._users.find(each)) is not None]
        changed = [user for user in users if caller.id == OWNER_ID or user.id != OWNER_ID]
        for user in changed:
            user.permissions = int(body.get("permissions", user.permissions))
            self._users.touch(user)
        return json_response([self._users.row(user) for user in changed])

    async def _delete(self, request: Request) -> Response:
        caller = self._authentication.caller(request, Permission.MANAGE_USERS)
        user = self._authentication.user_in_path(request)
        if user.id == OWNER_ID:
            raise refusal(405, "This account cannot be deleted.")
        if user.may(Permission.ADMIN) and caller.id != OWNER_ID:
            raise refusal(405, "You cannot delete users with administrative privileges.")
        self._users.remove(user)
        return json_response(self._users.saved(user))

    async def _quota(self, request: Request) -> Response:
        caller = self._authentication.caller(request)
        may = caller.may(Permission.MANAGE_USERS) and caller.may(Permission.MANAGE_REQUESTS)
        if str(caller.id) != request.values["userId"] and not may:
            raise refusal(403, "You do not have permission to view this user's request limits.")
        user = self._authentication.user_in_path(request)
        return json_response({"movie": self._quota_used(user, "movie"), "tv": self._quota_used(user, "tv")})

    def _quota_used(self, user: User, kind: str) -> dict[str, Any]:
        limit = 0 if user.may(Permission.MANAGE_USERS) else user.quotas.get(f"{kind}QuotaLimit") or 0
        mine = [each for each in self._users.requests if each.user_id == user.id and each.media_type == kind]
        counted = sum(max(1, len(each.seasons)) for each in mine if each.status != _DECLINED) if limit else 0
        quota = {"limit": limit, "used": counted, "restricted": bool(limit) and counted >= limit}
        days = user.quotas.get(f"{kind}QuotaDays")
        return {
            **quota,
            **({"days": days} if days else {}),
            **({"remaining": max(0, limit - counted)} if limit else {}),
        }

    async def _requests(self, request: Request) -> Response:
        check_query(request, _PAGE)
        caller = self._authentication.caller(request)
        user = self._authentication.user_in_path(request)
        if user.id != caller.id and not caller.may(Permission.MANAGE_REQUESTS | Permission.REQUEST_VIEW):
            raise refusal(403, "You do not have permission to view this user's requests.")
        size, skip = number_of(request, "take", 20), number_of(request, "skip", 0)
        mine = [each for each in reversed(self._users.requests) if each.user_id == user.id]
        rows = [_request(each, self._users.row(user)) for each in mine[skip : skip + size]]
        return json_response(_page(rows, total=len(mine), size=size, skip=skip))

    async def _permissions(self, request: Request) -> Response:
        self._authentication.caller(request, Permission.MANAGE_USERS)
        return json_response({"permissions": int(self._authentication.user_in_path(request).permissions)})

    async def _permit(self, request: Request) -> Response:
        body = body_of(request, {"permissions": "number"}, required=("permissions",))
        caller = self._authentication.caller(request, Permission.MANAGE_USERS)
        user = self._authentication.user_in_path(request)
        if user.id in {OWNER_ID, caller.id}:
            raise refusal(403, "You do not have permission to modify this user")
        _check_grant(body["permissions"], caller)
        user.permissions = int(body["permissions"])
        self._users.touch(user)
        return json_response({"permissions": int(user.permissions)})


def _check_grant(permissions: float | None, caller: User) -> None:
    if permissions is not None and int(permissions) & Permission.ADMIN and caller.id != OWNER_ID:
        raise refusal(403, _FORBIDDEN_LEVEL)


def _is_like(user: User, text: str) -> bool:
    names = (user.username, user.email, user.plex_username, user.jellyfin_username)
    return not text or any(text in (name or "").lower() for name in names)


def _sort(users: list[User], sort: str) -> list[User]:
    if sort == "updated":
        return sorted(users, key=lambda user: user.updated_at, reverse=True)
    if sort == "displayname":
        return sorted(users, key=lambda user: (user.username or user.plex_username or user.email).lower())
    return sorted(users, key=lambda user: user.id)


def _page(rows: list[dict[str, Any]], *, total: int, size: int, skip: int) -> dict[str, Any]:
    size = max(1, size)
    numbers = {"pages": math.ceil(total / size), "pageSize": size, "results": total, "page": math.ceil(skip / size) + 1}
    return {"pageInfo": numbers, "results": rows}


def _request(each: MediaRequest, user: dict[str, Any]) -> dict[str, Any]:
    at = moment(each.created_at)
    return {
        "id": each.id,
        "status": each.status,
        "createdAt": at,
        "updatedAt": at,
        "type": each.media_type,
        "is4k": False,
        "serverId": None,
        "profileId": None,
        "rootFolder": None,
        "media": {
            "id": each.tmdb_id,
            "mediaType": each.media_type,
            "tmdbId": each.tmdb_id,
            "status": 2,
            "createdAt": at,
        }
        | {"updatedAt": at, "requests": []},
        "seasons": [{"id": number, "seasonNumber": number, "status": each.status} for number in each.seasons],
        "modifiedBy": None,
        "requestedBy": user,
        "seasonCount": len(each.seasons),
    }
