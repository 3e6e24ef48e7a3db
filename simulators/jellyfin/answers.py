"""What Jellyfin reads of a body, and how it refuses."""

from typing import Any

import msgspec

from simulators.asgi import Request, Response, json_response, text_response


def body_of(request: Request) -> dict[str, Any] | None:
    """Return the JSON object that was sent; None where it is something else."""
    if "json" not in request.header("content-type"):
        return None
    try:
        body = request.json()
    except msgspec.DecodeError:
        return None
    return body if isinstance(body, dict) else None


def failed(status: int) -> Response:
    """Jellyfin says nothing about why."""
    return text_response("Error processing request.", "text/plain", status)


def unauthorized() -> Response:
    """Answer a token that nobody has: with nothing."""
    return Response(status=401)


def problem(status: int, title: str) -> Response:
    """Answer as ASP.NET does where it, and not Jellyfin, refuses."""
    return json_response(
        {"type": "https://tools.ietf.org/html/rfc9110#section-15.5.1", "title": title, "status": status}, status
    )
