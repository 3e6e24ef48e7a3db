"""What the doctor says of one thing: well, worth a look or broken; and how to mend it."""

from typing import Literal

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """One line of the doctor's."""

    level: Literal["ok", "warn", "fail"]
    subject: str
    text: str
    mend: str = ""


def ok(subject: str, text: str) -> Finding:
    """All is well."""
    return Finding("ok", subject, text)


def warn(subject: str, text: str, mend: str) -> Finding:
    """Usher works, and this may be not what was meant."""
    return Finding("warn", subject, text, mend)


def fail(subject: str, text: str, mend: str) -> Finding:
    """Usher, or a part of it, does not work like this."""
    return Finding("fail", subject, text, mend)
