"""What OpenAPI says of the interactions' route, whose body the handler reads itself."""

from dataclasses import dataclass
from typing import Any, Final, TypedDict

import msgspec
from litestar.enums import ParamType
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example, OpenAPIMediaType, OpenAPIType, Operation, Parameter, RequestBody, Schema

from services.gateway import problems
from shared.discord.responses import PONG

_DESCRIPTION: Final = """\
What Discord sends when somebody uses a command, a button or a form; its address is the application's *Interactions
Endpoint URL*. The signature is the credential: Ed25519 over timestamp and body, at most 5 minutes old. A command is
answered with a promise once it is stored. Bodies: at most 256 KiB, complete within 5 s. 404 while Discord is off.
"""
_HEADERS: Final = {
    "X-Signature-Ed25519": "the signature, 128 hexadecimal digits",
    "X-Signature-Timestamp": "when it was signed, in seconds since 1970",
}


@dataclass
class InteractionOperation(Operation):
    """An operation with the headers and the body that Discord sends."""

    def __post_init__(self) -> None:
        string = Schema(type=OpenAPIType.STRING)
        self.parameters = [
            Parameter(name=name, param_in=ParamType.HEADER, required=True, description=text, schema=string)
            for name, text in _HEADERS.items()
        ]
        ping = {"type": 1, "id": "1176524800000000000", "application_id": "1014270561534541824", "token": "…"}
        self.request_body = RequestBody(
            required=True,
            content={
                "application/json": OpenAPIMediaType(
                    schema=Schema(type=OpenAPIType.OBJECT),
                    examples={"ping": Example(summary="ping", value={**ping, "version": 1})},
                )
            },
        )


class _Documentation(TypedDict):
    summary: str
    description: str
    operation_class: type[Operation]
    responses: dict[int, ResponseSpec]


class Answer(msgspec.Struct, frozen=True):
    """What Discord is to show: a pong, a message, a promise, choices."""

    type: int
    data: dict[str, Any] | None = None


_ANSWERED: Final = ResponseSpec(
    Answer,
    description="An answer or a promise",
    examples=[Example(value={"type": PONG.type})],
    generate_examples=False,
)
INTERACTION: Final = _Documentation(
    summary="Take in an interaction",
    description=_DESCRIPTION,
    operation_class=InteractionOperation,
    responses={200: _ANSWERED} | problems.documented(400, 401, 404, 408, 413, 503),
)
"""Arguments of `post`."""
