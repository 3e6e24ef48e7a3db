"""A browser without scripts: it keeps cookies, follows redirects, and fills in forms as a person would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from typing import Any

import httpx

from tests.integration.gateway.house import PASSWORD, TLS, House

_VOID = {"input", "meta", "link", "img", "br", "rect"}


class Form:
    """A form of a page, with what it would send as it is."""

    def __init__(self, attributes: dict[str, str | None]) -> None:
        self.action = attributes.get("action") or ""
        self.method = (attributes.get("method") or "get").lower()
        self.fields: dict[str, str | list[str]] = {}
        self.buttons: list[str] = []


class Page(HTMLParser):
    """What a page shows: its title, its text, its links and its forms."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.response = response
        self.status = response.status_code
        self.title = ""
        self.text = ""
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.ids: set[str] = set()
        self._open: list[str] = []
        self._form: Form | None = None
        self._select = ""
        self.feed(response.text)
        self.text = " ".join(self.text.split())

    def form(self, action: str) -> Form:
        """Return the form that goes to this address."""
        return next(form for form in self.forms if form.action.partition("?")[0].endswith(action))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in _VOID:
            self._open.append(tag)
        if given.get("id"):
            self.ids.add(str(given["id"]))
        match tag:
            case "a":
                self.links.append(given.get("href") or "")
            case "form":
                self._form = Form(given)
                self.forms.append(self._form)
            case "select":
                self._select = given.get("name") or ""
            case "option" if self._form and self._select:
                self._note_option(self._form, given)
            case "input" if self._form and given.get("name"):
                self._note_input(self._form, given)

    def _note_option(self, form: Form, given: dict[str, str | None]) -> None:
        if "selected" in given or self._select not in form.fields:
            form.fields[self._select] = given.get("value") or ""

    def _note_input(self, form: Form, given: dict[str, str | None]) -> None:
        name, is_box = str(given["name"]), given.get("type") in {"checkbox", "radio"}
        if is_box and "checked" not in given:
            return
        value = given.get("value") or ""
        if given.get("type") in {"checkbox", "hidden"} and name in form.fields:
            before = form.fields[name]
            form.fields[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            form.fields[name] = value

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open and self._open.pop() != tag:
                pass
        if tag == "form":
            self._form = None
        if tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "title":
            self.title += data
        self.text += data + " "
        if self._form is not None and self._open and self._open[-1] == "button":
            self._form.buttons.append(data.strip())


class Browser:
    """One person's browser at a house."""

    def __init__(self, house: House, *, language: str = "en") -> None:
        self.house = house
        self.http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{house.gateway.port}",
            timeout=20,
            verify=TLS,
            headers={"Accept-Language": language},
        )

    async def open(self, path: str, **query: Any) -> Page:
        """Open a page, wherever it leads."""
        return Page(await self.http.get(path, params=query or None, follow_redirects=True))

    async def submit(self, page: Page, action: str, **typed: Any) -> Page:
        """Fill in a form of a page and send it; None leaves a field out."""
        form = page.form(action)
        fields = {name: value for name, value in (form.fields | typed).items() if value is not None}
        if form.method == "get":
            return await self.open(form.action, **fields)
        return Page(await self.http.post(form.action, data=fields, follow_redirects=True))

    async def log_in(self, username: str = "admin", password: str = PASSWORD) -> Page:
        """Log in by the form."""
        page = await self.open("/login")
        return await self.submit(page, "/login", username=username, password=password)


@asynccontextmanager
async def browsing(house: House, *, language: str = "en") -> AsyncIterator[Browser]:
    """Open a browser in which nobody is logged in."""
    browser = Browser(house, language=language)
    try:
        yield browser
    finally:
        await browser.http.aclose()
