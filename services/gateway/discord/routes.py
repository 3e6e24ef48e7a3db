"""The route that Discord sends interactions to. Its body is read in the door, as the very bytes that were signed."""

from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response, Router, post

from services.gateway.discord import documentation
from services.gateway.discord.door import Delivery, Door

_encoder: Final = msgspec.json.Encoder()


def router(door: Door) -> Router:
    """Return the route under `/discord`; a function, as those of the webhooks are."""

    @post("/interactions", status_code=200, **documentation.INTERACTION)
    async def take(request: Request[Any, Any, Any]) -> Response[bytes]:
        reply = await door.take(_delivery(request), request.receive)
        return Response(_encoder.encode(reply), media_type=MediaType.JSON)

    return Router("/discord", route_handlers=[take], tags=["discord"])


def _delivery(request: Request[Any, Any, Any]) -> Delivery:
    headers = {name: value.decode("latin-1") for name, value in request.scope["headers"]}
    length = headers.get(b"content-length", "")
    return Delivery(
        signature=headers.get(b"x-signature-ed25519", ""),
        timestamp=headers.get(b"x-signature-timestamp", ""),
        content_length=int(length) if length.isascii() and length.isdecimal() else None,
        traceparent=headers.get(b"traceparent"),
    )
