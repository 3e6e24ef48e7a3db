"""Why a webhook is refused, and the remedy. The texts repeat nothing of what the sender sent, least of all a secret."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from services.gateway.webhook_secrets.check import SecretMissingError, SecretOfAnotherSourceError

Reason = Literal[
    "address", "body", "content_type", "method", "no_secret", "other_source", "too_large", "too_slow", "wrong_secret"
]

_BY_STATUS: Final[Mapping[int, Reason]] = {
    400: "body",
    401: "wrong_secret",
    404: "address",
    405: "method",
    408: "too_slow",
    413: "too_large",
    415: "content_type",
}
_COPY: Final = "copy the address again from `usher webhooks list`"


class _Words(msgspec.Struct, frozen=True):
    text: str
    """What is wrong with the sender; `{}` stands for the detail of its last refusal."""
    mend: str


_WORDS: Final[Mapping[Reason, _Words]] = {
    "address": _Words("there is no webhook at the address that it uses", _COPY),
    "body": _Words(
        "what it sends cannot be read: {}",
        "compare the sender's template with docs/webhooks.md: what it makes must be a JSON object",
    ),
    "content_type": _Words(
        "what it sends is of the wrong type: {}",
        "set the sender's content type as docs/webhooks.md says, without compression",
    ),
    "method": _Words("it uses {}", "set the sender's method to POST"),
    "no_secret": _Words("it sends no secret", _COPY),
    "other_source": _Words("its secret is good for another source only", _COPY),
    "too_large": _Words("what it sends is too large: {}", "let it send less: no pictures, fewer fields"),
    "too_slow": _Words("what it sends comes too slowly: {}", "look at the network between, and at the proxy"),
    "wrong_secret": _Words("its secret is wrong", _COPY),
}


def reason_of(error: Exception, status: int | None) -> Reason | None:
    """Return why this was refused; None where the sender is not at fault."""
    match error:
        case SecretMissingError():
            return "no_secret"
        case SecretOfAnotherSourceError():
            return "other_source"
        case _:
            return None if status is None else _BY_STATUS.get(status)


def text(reason: Reason, detail: str) -> str:
    """Return what is wrong with the sender."""
    return _WORDS[reason].text.format(detail)


def mend(reason: Reason) -> str:
    """Return what to do about it."""
    return _WORDS[reason].mend
