"""How Jellyfin reads bodies, and how it refuses."""

from typing import Any

import msgspec

from simulators.asgi import Request, Response, json_response, text_response


def body_of(request: Request) -> dict[str, Any] | None:
    """Return the JSON object that was sent, or None if it is something else."""
    if "json" not in request.header("content-type"):
        return None
    try:
        body = request.json()
    except msgspec.DecodeError:
        return None
    return body if isinstance(body, dict) else None


def failure(status: int) -> Response:
    """Answer a failure as Jellyfin does, without a reason."""
    return text_response("Error processing request.", "text/plain", status)


def unauthorized() -> Response:
    """Answer an unknown token with an empty body."""
    return Response(status=401)


def problem(status: int, title: str) -> Response:
    """Answer a refusal by ASP.NET instead of Jellyfin."""
    return json_response(
        {"type": "https://tools.ietf.org/html/rfc9110#section-15.5.1", "title": title, "status": status}, status
    )
