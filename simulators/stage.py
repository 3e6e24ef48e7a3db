"""What the town's people would do by hand, as calls that a script can make.

No real system has these calls, so they are served on their own port.
"""

from datetime import timedelta
from typing import Any

import httpx
import msgspec

from simulators.asgi import PAGE, App, Request, Response, json_response
from simulators.discord.refusals import RefusedError
from simulators.seerr.users import User
from simulators.town import Resident, Town


class Stage(App):
    """JSON in, JSON out; `gateway` is where Discord sends interactions."""

    def __init__(self, town: Town, gateway: str) -> None:
        self._town = town
        self._gateway = gateway
        super().__init__(
            {
                "GET /people": self._people,
                "GET /secrets": self._secrets,
                "GET /seerr/users": self._seerr_users,
                "POST /plex/claim": self._claim,
                "POST /plex/deny": self._deny,
                "POST /plex/sign-out": self._sign_out,
                "POST /jellyfin/approve": self._approve_jellyfin,
                "POST /trakt/approve": self._approve_trakt,
                "POST /discord/command": self._command,
                "GET /discord/replies/{token}": self._reply,
                "GET /discord/messages/{person}": self._messages,
                "POST /faults": self._fault,
            }
        )

    async def serve(self, request: Request) -> Response:
        """Answer a wrong call with one line that says what is wrong."""
        try:
            return await super().serve(request)
        except (LookupError, ValueError, msgspec.MsgspecError, httpx.HTTPError) as exc:
            return json_response({"error": str(exc)}, 400)
        except RefusedError as exc:
            return exc.response

    def _resident(self, name: str) -> Resident:
        found = self._town.residents.get(name)
        if found is None:
            raise LookupError(f"nobody in town is called {name}")
        return found

    async def _people(self, request: Request) -> Response:  # noqa: ARG002 - every handler is given it
        return json_response(
            [
                {"name": each.name, "discord_id": each.discord.id, "plex_id": each.plex.id, "email": each.plex.email}
                for each in self._town.residents.values()
            ]
        )

    async def _secrets(self, request: Request) -> Response:  # noqa: ARG002
        town = self._town
        tokens = [*town.plex_tv.accounts.tokens, *town.discord.interactions.tokens]
        return json_response(
            [*tokens, town.discord.app.bot_token, town.seerr.authentication.api_key, town.jellyfin_key]
        )

    async def _seerr_users(self, request: Request) -> Response:  # noqa: ARG002
        return json_response([_seerr_user(each) for each in self._town.seerr.users.by_id.values()])

    async def _claim(self, request: Request) -> Response:
        body = _body(request)
        pin = self._town.plex_tv.pins.with_code(body.code)
        if pin is None:
            raise LookupError(f"plex.tv knows no code {body.code}")
        self._town.plex_tv.pins.claim(pin.id, self._resident(body.person).plex)
        return json_response({"claimed": pin.id})

    async def _deny(self, request: Request) -> Response:
        pin = self._town.plex_tv.pins.with_code(_body(request).code)
        if pin is not None:
            self._town.plex_tv.pins.deny(pin.id)
        return json_response({"denied": None if pin is None else pin.id})

    async def _sign_out(self, request: Request) -> Response:
        self._town.plex_tv.accounts.sign_out_everywhere(self._resident(_body(request).person).plex)
        return json_response({})

    async def _approve_jellyfin(self, request: Request) -> Response:
        body = _body(request)
        user = self._town.jellyfin.household.by_name(self._resident(body.person).name)
        assert user is not None
        self._town.jellyfin.approve(body.code, user)
        return json_response({})

    async def _approve_trakt(self, request: Request) -> Response:
        body = _body(request)
        accounts = self._town.trakt.accounts
        accounts.approve(body.code, accounts.by_slug[self._resident(body.person).name])
        return json_response({})

    async def _command(self, request: Request) -> Response:
        body = _body(request)
        person = self._resident(body.person).discord
        interaction = self._town.discord.app.command(person, body.command, body.options)
        self._town.discord.interactions.send(interaction)
        headers, content = self._town.discord.app.signed(interaction)
        async with httpx.AsyncClient(timeout=3) as http:
            response = await http.post(f"{self._gateway}/discord/interactions", content=content, headers=headers)
        if response.is_success:
            self._town.discord.answered(interaction["token"], response.json())
        return json_response({"token": interaction["token"], "status": response.status_code, "answer": response.text})

    async def _reply(self, request: Request) -> Response:
        return json_response(self._town.discord.interactions.reply(request.values["token"]))

    async def _messages(self, request: Request) -> Response:
        person = self._resident(request.values["person"]).discord
        return json_response(self._town.discord.direct_messages(person.id))

    async def _fault(self, request: Request) -> Response:
        body = _body(request)
        app = self._town.apps()[body.system]
        if body.seconds:
            app.slow_next(timedelta(seconds=body.seconds), times=body.times, path=body.path)
        else:
            headers = {"content_type": "application/json"} if body.text.startswith("{") else {}
            headers |= {"Retry_After": str(body.retry_after)} if body.retry_after else {}
            app.fail_next(body.status, times=body.times, path=body.path, body=body.text.encode() or PAGE, **headers)
        return json_response({})


def _seerr_user(user: User) -> dict[str, Any]:
    row = user.settings or {}
    one = row.get("discordId")
    discord_ids = row.get("discordIds") or ([one] if one else [])
    return {"id": user.id, "email": user.email, "plex_id": user.plex_id, "discord_ids": discord_ids}


class _Call(msgspec.Struct, frozen=True):
    """The body of all calls; each needs some of the fields."""

    person: str = ""
    code: str = ""
    command: str = ""
    options: dict[str, str | int | bool] = {}
    system: str = ""
    status: int = 500
    seconds: float = 0.0
    times: int = 1
    path: str = "/"
    text: str = ""
    retry_after: int = 0


def _body(request: Request) -> _Call:
    return msgspec.convert(request.json(), _Call)
