"""The route that Discord sends interactions to. It reads the body itself, as the very bytes that were signed."""

from typing import Any, Final

import msgspec
from litestar import Controller, MediaType, Request, Response, post
from litestar.di import NamedDependency

from services.gateway.discord import documentation
from services.gateway.discord.receiver import Delivery, InteractionReceiver

_encoder: Final = msgspec.json.Encoder()


class InteractionController(Controller):
    """What Discord sends to."""

    path, tags = "/discord", ("discord",)

    @post("/interactions", status_code=200, **documentation.INTERACTION)
    async def take(
        self, request: Request[Any, Any, Any], interactions: NamedDependency[InteractionReceiver]
    ) -> Response[bytes]:
        response = await interactions.take(_delivery(request), request.receive)
        return Response(_encoder.encode(response), media_type=MediaType.JSON)


def _delivery(request: Request[Any, Any, Any]) -> Delivery:
    headers = {name: value.decode("latin-1") for name, value in request.scope["headers"]}
    length = headers.get(b"content-length", "")
    return Delivery(
        signature=headers.get(b"x-signature-ed25519", ""),
        timestamp=headers.get(b"x-signature-timestamp", ""),
        content_length=int(length) if length.isascii() and length.isdecimal() else None,
        traceparent=headers.get(b"traceparent"),
    )
