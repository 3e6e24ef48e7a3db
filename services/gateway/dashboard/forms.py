"""What a page's form sends: fields by name, and the CSRF token that proves that it was a page of ours."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from litestar import Request

from services.gateway.access.session_cookie import cookies_in, is_csrf_token, session_in
from shared.errors import ForbiddenError, InvalidError, UnsupportedMediaTypeError

CSRF: Final = "csrf"
LOGIN_COOKIE: Final = "usher_login"
"""Holds the token of the log-in form, where there is no session yet to derive one from."""
_TYPE: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 300
_FORM: Final = "form"


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
        return int(text) if text.removeprefix("-").isdecimal() and text.isascii() else text or None

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
    expected = cookies_in(headers).get(LOGIN_COOKIE, "")
    is_ours = is_csrf_token(given, session) if session else bool(given) and given == expected
    if not is_ours:
        raise ForbiddenError("this form is out of date: go back, load the page again, and send it once more")
    request.scope["state"][_FORM] = form


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
