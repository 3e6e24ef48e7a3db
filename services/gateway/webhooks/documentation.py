"""What OpenAPI says of the webhook routes, whose bodies the handlers read themselves."""

from dataclasses import dataclass
from typing import Any, Final, TypedDict

import msgspec
from litestar.enums import ParamType
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example, OpenAPIMediaType, OpenAPIType, Operation, Parameter, RequestBody, Schema

from services.gateway import problems
from services.gateway.webhooks.receiver import Receipt

_DESCRIPTION: Final = """\
Answers once the webhook is stored; `duplicate` tells that the same bytes came within the last seconds.
The secret is `?token=`, or the last part of the path, or `Authorization` (with or without `Bearer`).
Events of unknown names are stored too. Bodies: at most 4 MiB of multipart (the picture is dropped), 673 KiB of an
encoded form, else 256 KiB, of which the JSON may have 224 KiB, and complete within 5 s.
"""

_PLEX: Final[dict[str, Any]] = {
    "event": "media.scrobble",
    "user": True,
    "owner": True,
    "Account": {"id": 1, "title": "ada"},
}
_EMBY: Final[dict[str, Any]] = {
    "Event": "playback.stop",
    "User": {"Name": "ada", "Id": "7a1"},
    "Item": {"Name": "Alien", "Id": "12"},
}
_JELLYFIN: Final[dict[str, Any]] = {
    "NotificationType": "PlaybackStop",
    "NotificationUsername": "ada",
    "ItemType": "Movie",
}
_SEERR: Final = {"notification_type": "MEDIA_PENDING", "subject": "Alien (1979)", "media": {"tmdbId": "348"}}


_TOKEN: Final = Parameter(
    name="token",
    param_in=ParamType.QUERY,
    description="the secret",
    schema=Schema(type=OpenAPIType.STRING),
    example="kq3…",
)


@dataclass
class WebhookOperation(Operation):
    """An operation with the bodies that senders send."""

    def __post_init__(self) -> None:
        self.parameters = [*(self.parameters or []), _TOKEN]
        self.request_body = RequestBody(
            required=True,
            content={
                "multipart/form-data": OpenAPIMediaType(
                    schema=_fields("payload", "data", "thumb"),
                    examples={
                        "plex": Example(value={"payload": _text(_PLEX), "thumb": "the bytes of a picture"}),
                        "emby": Example(value={"data": _text(_EMBY)}),
                    },
                ),
                "application/x-www-form-urlencoded": OpenAPIMediaType(
                    schema=_fields("payload", "data"), examples={"emby": Example(value={"data": _text(_EMBY)})}
                ),
                "application/json": OpenAPIMediaType(
                    schema=Schema(type=OpenAPIType.OBJECT),
                    examples={
                        name: Example(summary=name, value=value)
                        for name, value in (
                            ("plex", _PLEX),
                            ("emby", _EMBY),
                            ("jellyfin", _JELLYFIN),
                            ("seerr", _SEERR),
                        )
                    },
                ),
                "text/plain": OpenAPIMediaType(
                    schema=Schema(type=OpenAPIType.STRING), examples={"jellyfin": Example(value=_text(_JELLYFIN))}
                ),
            },
        )


def _text(payload: dict[str, Any]) -> str:
    return msgspec.json.encode(payload).decode()


def _fields(*names: str) -> Schema:
    return Schema(type=OpenAPIType.OBJECT, properties={name: Schema(type=OpenAPIType.STRING) for name in names})


_STORED: Final = ResponseSpec(
    Receipt,
    description="Accepted",
    examples=[Example(value={"id": "3f6c0c1f1d6b4f0a9d3c6b1e8e2a7c55", "duplicate": False})],
    generate_examples=False,
)


class _Documentation(TypedDict):
    summary: str
    description: str
    operation_class: type[Operation]
    responses: dict[int, ResponseSpec]


WEBHOOK: Final = _Documentation(
    summary="Take in a webhook",
    description=_DESCRIPTION,
    operation_class=WebhookOperation,
    responses={202: _STORED} | problems.documented(400, 401, 404, 408, 413, 415, 503),
)
"""Arguments of `post`."""
