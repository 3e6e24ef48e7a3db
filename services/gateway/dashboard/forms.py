"""What a page's form sends: fields by name, and the CSRF token that proves that it was a page of ours."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection

from services.gateway.access.session_cookie import cookies_in, is_csrf_token, session_in
from services.gateway.api.guards import CALLER
from shared.errors import ForbiddenError, InvalidError, UnsupportedMediaTypeError

CSRF: Final = "csrf"
LOGIN_COOKIE: Final = "usher_login"
"""Holds the token of the log-in form, where there is no session yet to derive one from."""
_TYPE: Final = "application/x-www-form-urlencoded"
_OUR_SITES: Final = frozenset({"same-origin", "none"})
"""What a browser says about a form of ours. Another program on this host could set both halves of the log-in's token:
https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site"""
_MOST_FIELDS: Final = 300
_MOST_DIGITS: Final = 18
"""As many as Postgres's integers hold; Python itself refuses to read thousands."""
_FORM: Final = "form"
_UNSENT: Final = "unsent form"
_SECRET: Final = re.compile("password|token|key|secret|suffix|repeated")
RESUME: Final = "resume"
"""The log-in form's field that says where a form that could not be sent was going."""
RESUMED: Final = "resume."
"""What the names of that form's fields begin with."""


class Unsent(msgspec.Struct, frozen=True):
    """A form that could not be sent: where to, and its fields."""

    path: str
    fields: Mapping[str, Sequence[str]]


class Form(msgspec.Struct, frozen=True):
    """The fields as they were typed."""

    fields: Mapping[str, Sequence[str]] = {}

    def __repr__(self) -> str:
        return "Form(***)"  # passwords are among them

    def text(self, name: str) -> str:
        """Return one field, without the spaces around it; empty where it was not sent."""
        return self.typed(name).strip()

    def typed(self, name: str) -> str:
        """Return one field exactly as it was typed, as a password must be."""
        return (self.fields.get(name) or [""])[0]

    def optional(self, name: str) -> str | None:
        """Return one field, or None where nothing was typed."""
        return self.text(name) or None

    def number(self, name: str) -> int | str | None:
        """Return a field as a number; as text where it is none, so that the API says what is wrong with it."""
        text = self.text(name)
        is_number = text.removeprefix("-").isdecimal() and text.isascii() and len(text) <= _MOST_DIGITS
        return int(text) if is_number else text or None

    def all(self, name: str) -> list[str]:
        """Return every value of a field that may come several times."""
        return list(self.fields.get(name, ()))

    def is_on(self, name: str) -> bool:
        """Say whether a box is ticked."""
        return name in self.fields


async def check_form(request: Request[Any, Any, Any]) -> None:
    """Read the form of every change before its route, and refuse what no page of ours has sent.

    Raises `ForbiddenError`, `InvalidError` or `UnsupportedMediaTypeError`.
    """
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    form = await _read(request)
    headers = request.scope["headers"]
    given, session = form.typed(CSRF), session_in(headers)
    if CALLER in request.scope["state"]:
        is_ours = is_csrf_token(given, session or "")
    else:  # nobody needs to be logged in here: an old session's cookie says nothing
        is_ours = bool(given) and given == cookies_in(headers).get(LOGIN_COOKIE)
    if not is_ours or request.headers.get("sec-fetch-site", "none") not in _OUR_SITES:
        raise ForbiddenError("this form is out of date: go back, load the page again, and send it once more")
    request.scope["state"][_FORM] = form


async def keep_unsent(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Keep what was typed into a form whose session has ended, for after the next log-in; secrets are not kept.

    Only a form of the ended session itself is kept: another site could make somebody send its own otherwise.
    """
    if not isinstance(connection, Request) or connection.method != "POST":
        return
    session = session_in(connection.scope["headers"])
    try:
        form = await _read(connection)
    except (InvalidError, UnsupportedMediaTypeError):
        return
    if session and is_csrf_token(form.typed(CSRF), session):
        kept = {name: values for name, values in form.fields.items() if name != CSRF and not _SECRET.search(name)}
        connection.scope["state"][_UNSENT] = Unsent(connection.scope["path"], kept)


def unsent_of(request: Request[Any, Any, Any]) -> Unsent | None:
    """Return what a form would have sent, had its session not ended."""
    found: Unsent | None = request.scope["state"].get(_UNSENT)
    return found


def resumed(form: Form) -> Unsent | None:
    """Return the form that was kept through the log-in, if there is one."""
    path = form.text(RESUME)
    if not path:
        return None
    fields = {name.removeprefix(RESUMED): values for name, values in form.fields.items() if name.startswith(RESUMED)}
    return Unsent(path, fields)


def form_of(request: Request[Any, Any, Any]) -> Form:
    """Return the form that was checked."""
    found: Form = request.scope["state"][_FORM]
    return found


async def _read(request: Request[Any, Any, Any]) -> Form:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if body and kind != _TYPE:
        raise UnsupportedMediaTypeError(f"send the form as {_TYPE}")
    try:
        return Form(parse_qs(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError as exc:
        raise InvalidError(f"the form has more than {_MOST_FIELDS} fields") from exc
