"""Shows pages: templates with what all of them need, redirects, and the notice of what was done."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.response import Redirect

from services.gateway.access.caller import Caller
from services.gateway.access.session_cookie import cookies_in, csrf_token, session_in
from services.gateway.api.guards import CALLER
from services.gateway.dashboard import filters
from services.gateway.dashboard.assets import digests
from services.gateway.dashboard.faults import in_words
from services.gateway.dashboard.navigation import entries_for
from services.gateway.dashboard.texts import Language, Texts, language_of
from shared.errors import UsherError
from shared.version import product_version

THEMES: Final = ("system", "light", "dark")
THEME_COOKIE: Final = "usher_theme"
_NOTICE_COOKIE: Final = "usher_notice"
_LONGEST_NOTICE: Final = 600
_NOTICE_FOR: Final = timedelta(minutes=1)
_FOR_LONG: Final = timedelta(days=365)


class Dashboard:
    """What all pages share, made once."""

    def __init__(self, *, subpath: str, public_url: str, now: Callable[[], datetime]) -> None:
        self.base: Final = subpath
        self.public_url: Final = public_url
        self.now: Final = now

    @cached_property
    def texts(self) -> Texts:
        """Return all texts; they are read when the first page is shown, as the templates are."""
        return Texts()

    @cached_property
    def _digests(self) -> Mapping[str, str]:
        return digests()

    @cached_property
    def _environment(self) -> Environment:
        made = Environment(
            loader=PackageLoader("services.gateway.dashboard"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.do"],
        )
        made.filters |= filters.FILTERS
        made.globals |= {"asset": self._asset, "url": self.url, "version": product_version()}
        return made

    def render(self, template: str, values: Mapping[str, Any]) -> str:
        """Return a page."""
        return self._environment.get_template(template).render(values)

    def url(self, path: str, **query: object) -> str:
        """Return the address of a page of ours; parameters that are None or empty are left out."""
        given = {name: str(value) for name, value in query.items() if value not in {None, ""}}
        return f"{self.base}{quote(path)}" + (f"?{urlencode(given)}" if given else "")

    def _asset(self, name: str) -> str:
        return f"{self.base}/assets/{self._digests[name]}/{name}"


class View:
    """What one request is shown."""

    def __init__(self, dashboard: Dashboard, request: Request[Any, Any, Any]) -> None:
        self._dashboard = dashboard
        self._request = request
        self._cookies = cookies_in(request.scope["headers"])
        self._session = session_in(request.scope["headers"])
        self.language: Language = language_of(request.headers.get("accept-language", ""))

    def say(self, key: str, **values: object) -> str:
        """Return a text in the reader's language."""
        return self._dashboard.texts.say(self.language, key, **values)

    def page(self, template: str, *, status: int = 200, cookies: Sequence[Cookie] = (), **values: Any) -> Response[str]:
        """Return a page. A notice that waits is shown on it, once."""
        caller: Caller | None = self._request.scope["state"].get(CALLER)
        notice = _read_notice(self._cookies.get(_NOTICE_COOKIE, ""))
        content = self._dashboard.render(
            template,
            {
                "base": self._dashboard.base,
                "caller": caller,
                "csrf": csrf_token(self._session) if self._session else "",
                "fault": partial(in_words, self.say),
                "entries": entries_for(caller),
                "language": self.language,
                "notice": notice,
                "now": self._dashboard.now(),
                "path": self._request.scope["path"],
                "say": self.say,
                "theme": self.theme,
                **values,
            },
        )
        seen = [self.cookie(_NOTICE_COOKIE, "", lasts=timedelta(0))] if notice else []
        return Response(content, status_code=status, media_type="text/html", cookies=[*cookies, *seen])

    def go(self, path: str, said: str = "", *, cookies: list[Cookie] | None = None, **query: object) -> Redirect:
        """Go on to another page, which says what was done (a text, in the reader's language)."""
        notice = [self.cookie(_NOTICE_COOKIE, _write_notice(said), lasts=_NOTICE_FOR)] if said else []
        address = self._dashboard.url(path, **query)
        return Redirect(address, status_code=303, cookies=[*(cookies or []), *notice])

    def kept(self, name: str) -> str:
        """Return what the browser keeps in a cookie; empty for nothing."""
        return self._cookies.get(name, "")

    def has_cookie(self, name: str) -> bool:
        """Say whether the browser keeps this cookie."""
        return name in self._cookies

    def lead(self, path: str, *, cookies: list[Cookie]) -> Response[str]:
        """Have a page's script go on to another page, as `go` does for a browser."""
        headers = {"HX-Redirect": self._dashboard.url(path)}
        return Response("", status_code=200, media_type="text/html", headers=headers, cookies=cookies)

    def go_to(self, path: str, query: str, *, cookies: list[Cookie]) -> Redirect:
        """Go on to a page whose address came from a form, as it is."""
        address = self._dashboard.url(path) + (f"?{query}" if query else "")
        return Redirect(address, status_code=303, cookies=cookies)

    @property
    def theme(self) -> str:
        """Return what the reader chose: system, light or dark."""
        chosen = self._cookies.get(THEME_COOKIE, "")
        return chosen if chosen in THEMES else THEMES[0]

    def theme_cookie(self, theme: str) -> Cookie:
        """Return the cookie that keeps the choice; raises ValueError for another theme."""
        return self.cookie(THEME_COOKIE, THEMES[THEMES.index(theme)], lasts=_FOR_LONG)

    def cookie(self, name: str, value: str, *, lasts: timedelta) -> Cookie:
        """Return a cookie for all pages; one that lasts for no time is deleted."""
        return Cookie(
            name,
            value=value,
            path=self._dashboard.base or "/",
            max_age=int(lasts.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=self._is_secure(),
        )

    def _is_secure(self) -> bool:
        """Say whether the browser speaks TLS: to us, to a proxy that says so, or to the public address.

        Anybody may send a proxy's header, but only for cookies of their own.
        """
        headers = self._request.headers
        forwarded = headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
        public = urlsplit(self._dashboard.public_url)
        is_public = _plain_host(public.netloc) == _plain_host(headers.get("host", ""))
        return "https" in {self._request.scope["scheme"], forwarded} or (public.scheme == "https" and is_public)


def _plain_host(host: str) -> str:
    return host.lower().removesuffix(":443")


def faults_of(error: UsherError | None) -> dict[str, str]:
    """Return what is wrong with a form, by field."""
    return {} if error is None else {fault.path: fault.message for fault in error.faults}


def _write_notice(text: str) -> str:
    return base64.urlsafe_b64encode(text[:_LONGEST_NOTICE].encode()).decode()


def _read_notice(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text).decode()[:_LONGEST_NOTICE]
    except (binascii.Error, ValueError):
        return ""
