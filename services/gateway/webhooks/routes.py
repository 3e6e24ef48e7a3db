"""The webhook routes. They read the body themselves: Litestar's reader has no deadline and would keep the picture."""

from typing import Annotated, Any

from litestar import Controller, Request, post
from litestar.di import NamedDependency
from litestar.params import PathParameter

from services.gateway.webhook_secrets.check import secret_in
from services.gateway.webhooks import documentation
from services.gateway.webhooks.receiver import Delivery, Receipt, Receiver

AnyRequest = Request[Any, Any, Any]
SourceName = Annotated[str, PathParameter(description="plex, jellyfin, emby, seerr or tautulli")]
PathSecret = Annotated[str, PathParameter(description="the secret, for senders that can send it nowhere else")]


class WebhookController(Controller):
    """The routes that senders post to."""

    path, tags = "/webhooks", ("webhooks",)

    @post("/{source:str}", status_code=202, **documentation.WEBHOOK)
    async def receive(self, request: AnyRequest, source: SourceName, receiver: NamedDependency[Receiver]) -> Receipt:
        return await receiver.receive(_delivery(request, source, None), request.receive)

    @post("/{source:str}/{secret:str}", status_code=202, **documentation.WEBHOOK)
    async def receive_by_path(
        self, request: AnyRequest, source: SourceName, secret: PathSecret, receiver: NamedDependency[Receiver]
    ) -> Receipt:
        return await receiver.receive(_delivery(request, source, secret), request.receive)


def _delivery(request: AnyRequest, source: str, path_secret: str | None) -> Delivery:
    headers = dict(request.scope["headers"])
    length = headers.get(b"content-length", b"")
    return Delivery(
        source=source,
        secret=secret_in(request.scope["query_string"], path_secret, _text(headers.get(b"authorization"))),
        content_type=_text(headers.get(b"content-type")),
        content_encoding=_text(headers.get(b"content-encoding")),
        content_length=int(length) if length.isdigit() else None,
        traceparent=_text(headers.get(b"traceparent")),
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
