"""A sender's payload without the secrets in it, such as a Plex token in a picture's address."""

import msgspec

from shared import logs


def redact(payload: bytes) -> msgspec.Raw:
    """Return the payload as JSON without secrets; as one string where it is nested too deeply to look through."""
    try:
        return msgspec.Raw(msgspec.json.encode(logs.redact_value("payload", msgspec.json.decode(payload))))
    except (msgspec.MsgspecError, RecursionError, OverflowError):
        return msgspec.Raw(msgspec.json.encode(logs.redact_text(payload.decode("utf-8", errors="replace"))))
