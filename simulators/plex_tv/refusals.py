"""How plex.tv says no."""

from typing import Any

from simulators.asgi import Request, Response
from simulators.plex_markup import respond, wants_json


def refusal(request: Request, code: int, message: str, status: int) -> Response:
    """Return an error as plex.tv writes it."""
    return respond(
        request, "errors", errors(request, {"code": code, "message": message, "status": status}), status=status
    )


def unauthorized(request: Request) -> Response:
    """Return the answer to a token that is none."""
    return refusal(request, 1001, "User could not be authenticated", 401)


def errors(request: Request, error: dict[str, Any]) -> Any:
    """Return a list of one error."""
    return {"errors": [error]} if wants_json(request) else [error]
