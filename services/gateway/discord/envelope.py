"""What is stored of an interaction: Discord's JSON in our envelope, with its token taken out and sealed.

The token is a credential for 15 minutes, and what is stored is read by whoever looks at the stream or the spool.
"""

from datetime import datetime
from typing import Final

import msgspec

from services.gateway.spool.record import Record
from shared.discord import interactions as discord
from shared.errors import InvalidError, TooLargeError
from shared.schemas.interactions import TOKEN, Interaction
from shared.schemas.webhooks import MAX_PAYLOAD
from shared.sealing import Sealer

SOURCE: Final = "discord"
"""Whose order the messages belong to in the spool."""

_NOTHING: Final = msgspec.Raw(b'""')
_decoder: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encoder: Final = msgspec.json.Encoder()


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway adds to an interaction of its own knowledge."""

    subject: str
    received_at: datetime
    traceparent: str


def record(interaction: discord.Interaction, body: bytes, stamp: Stamp, sealer: Sealer) -> Record:
    """Return the message for JetStream or the spool; raises `InvalidError`, `TooLargeError`."""
    envelope = Interaction(
        id=interaction.id,
        received_at=stamp.received_at,
        payload=msgspec.Raw(without_token(body)),
        token=sealer.seal(interaction.token, purpose=TOKEN),
    )
    return Record(
        source=SOURCE,
        subject=stamp.subject,
        message_id=interaction.id,
        data=_encoder.encode(envelope),
        headers={"traceparent": stamp.traceparent},
    )


def without_token(body: bytes) -> bytes:
    """Return the same object with an empty token; raises `InvalidError` for what is no object in UTF-8."""
    try:
        body.decode()  # msgspec skips the texts that it does not read without looking at their bytes
        fields = _decoder.decode(body)
    except (UnicodeDecodeError, msgspec.MsgspecError, RecursionError) as exc:
        raise InvalidError("The body is not an interaction") from exc
    payload = _encoder.encode({**fields, "token": _NOTHING})
    if len(payload) > MAX_PAYLOAD:
        raise TooLargeError(f"the interaction has {len(payload)} bytes, and at most {MAX_PAYLOAD} are taken")
    return payload
