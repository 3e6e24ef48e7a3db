"""What OpenAPI says about our routes: an example of every answer, and the problems that they share."""

import http
from typing import Any, Final

import msgspec
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Components, Example, SecurityScheme

from services.gateway import problems

SECURITY: Final[list[dict[str, list[str]]]] = [{"key": []}, {"session": []}]
COMPONENTS: Final = Components(
    security_schemes={
        "key": SecurityScheme(type="apiKey", name="X-API-Key", security_scheme_in="header", description="an API key"),
        "session": SecurityScheme(
            type="http", scheme="bearer", description="the token of `POST /api/auth/login`, or an API key"
        ),
    }
)
GUARDED: Final = problems.documented(400, 401, 403, 503)
WITH_ID: Final = GUARDED | problems.documented(404)
WITH_BODY: Final = problems.documented(408, 413, 415)
CONFLICT: Final = problems.documented(409)
UPSTREAM: Final = problems.documented(502)
THROTTLED: Final = problems.documented(400, 401, 429, 503)


class _Whole(Example):
    """An example that keeps its nulls, which Litestar leaves out."""

    def to_schema(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"value": self.value}


def shows(example: msgspec.Struct, *, status: int = 200) -> dict[int, ResponseSpec]:
    """Return the answer of a guarded route, and the problems that all of them share."""
    return shows_openly(example, status=status) | GUARDED


def shows_openly(example: msgspec.Struct, *, status: int = 200) -> dict[int, ResponseSpec]:
    """Return the answer of a route that needs no credential."""
    return {
        status: problems.SharedSpec(
            type(example),
            description=http.HTTPStatus(status).phrase,
            examples=[_Whole(value=msgspec.to_builtins(example))],
            generate_examples=False,
        )
    }
