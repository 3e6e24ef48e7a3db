"""`/docs`: the interactive reference. Swagger UI comes out of an installed wheel; nothing is loaded from outside."""

from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from string import Template
from typing import Any, Final

from litestar import Request, Response, Router, get
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Server
from litestar.params import FromPath

from services.gateway.api import describe
from services.gateway.edge import CSP
from services.gateway.reference.schema import Config
from shared.errors import NotFoundError
from shared.version import product_version

_CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_DESCRIPTION: Final = """\
Usher takes webhooks from media servers, keeps what came in and what became of it, and knows who watched what.

Every error is `application/problem+json` (RFC 9457): `title`, `status`, `detail`, `instance` and, for bad input,
`errors` with the path and what is wrong there. Lists take `limit` (at most 200) and `offset` and return `items`,
`total`, `limit` and `offset`. Times are ISO 8601 in UTC.
"""
_NOT_FOUND: Final = 404


def _wheel(folder: str, name: str) -> Traversable:
    return resources.files("mkdocs_swagger_ui_tag") / "swagger-ui" / folder / name


def _ours(name: str) -> Traversable:
    return resources.files("services.gateway.reference") / "static" / name


_ASSETS: Final[Mapping[str, tuple[str, Traversable]]] = {
    "swagger-ui-bundle.js": ("text/javascript", _wheel("javascripts", "swagger-ui-bundle.js")),
    "swagger-ui.css": ("text/css", _wheel("stylesheets", "swagger-ui.css")),
    "start.js": ("text/javascript", _ours("start.js")),
}


class Page(OpenAPIRenderPlugin):
    """The page itself."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        """Return the page, whose addresses are relative to its own: its path may begin with what we do not know."""
        base = "" if request.scope["raw_path"].endswith(b"/") else "docs/"
        return Template(_ours("page.html").read_text(encoding="utf-8")).substitute(base=base).encode()


@get("/assets/{name:str}", sync_to_thread=True)
def show_asset(name: FromPath[str]) -> Response[bytes]:
    """Return one of the page's files."""
    if name not in _ASSETS:
        raise NotFoundError("the reference has no such file")
    media_type, file = _ASSETS[name]
    return Response(file.read_bytes(), media_type=media_type, headers={"Cache-Control": "public, max-age=3600"})


def _refuse_unknown(response: Response[Any]) -> Response[Any]:
    """Replace Litestar's own page for what is not there."""
    if response.status_code == _NOT_FOUND:
        raise NotFoundError("the reference is at /docs, and its schema at /docs/openapi.json")
    return response


def config() -> Config:
    """Return what Litestar needs to describe the API and to serve the description."""
    return Config(
        title="Usher",
        version=product_version(),
        description=_DESCRIPTION,
        components=describe.COMPONENTS,
        servers=[Server(url="..", description="where this description comes from")],
        use_handler_docstrings=True,
        render_plugins=[Page(path="/")],
        openapi_router=Router(
            "/docs",
            route_handlers=[show_asset],
            after_request=_refuse_unknown,
            include_in_schema=False,
            response_headers={CSP: _CSP},
        ),
    )
