"""A page in Chromium, and everything on it that should not be."""

from typing import TYPE_CHECKING, Any, Final

from simulators.demo.__main__ import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

DESKTOP: Final = {"width": 1280, "height": 900}
PHONE: Final = {"width": 390, "height": 844}
_TOO_WIDE: Final = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  const outside = [...document.querySelectorAll("main *, header *")]
    .filter((each) => each.getBoundingClientRect().right > wide + 1)
    .map((each) => `${each.tagName}#${each.id}.${each.className}: ${each.textContent.trim().slice(0, 60)}`);
  return [`scrolls sideways: ${outside.slice(0, 5).join(" | ")}`];
}"""
_IS_LOADED: Final = "() => !document.querySelector('.htmx-request')"


class Tab:
    """A tab that notes what goes wrong in it."""

    def __init__(self, browser: "Browser", base: str, **context: Any) -> None:
        self.base: Final = base
        self.wrong: list[str] = []
        self._context = browser.new_context(locale="en-GB", base_url=base, **context)
        self.page: Final[Page] = self._context.new_page()
        self.page.on("console", lambda message: self._note(message.type == "error", f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self._note(True, f"script: {error}"))
        self.page.on("request", self._check_host)

    def close(self) -> None:
        self._context.close()

    def open(self, path: str) -> None:
        """Open a page, and wait for the parts that it loads by itself."""
        answer = self.page.goto(path)
        status = None if answer is None else answer.status
        self._note(status != 200, f"answers {status}")
        self.page.wait_for_function(_IS_LOADED)

    def log_in(self) -> None:
        self.open("/login")
        self.page.fill("#f-username", "admin")
        self.page.fill("#f-password", PASSWORD)
        self.page.click("main button")
        self.page.wait_for_url(lambda url: "/login" not in url)

    def state(self) -> Any:
        """What another tab needs to be logged in too."""
        return self._context.storage_state()

    def too_wide(self) -> list[str]:
        """What makes the page scroll sideways."""
        found: list[str] = self.page.evaluate(_TOO_WIDE)
        return found

    def _check_host(self, request: "Request") -> None:
        is_ours = request.url.startswith((f"{self.base}/", "data:", "blob:"))
        self._note(not is_ours, f"asks another host: {request.url}")

    def _note(self, is_wrong: bool, text: str) -> None:  # noqa: FBT001 (called here only)
        if is_wrong:
            self.wrong.append(text)
