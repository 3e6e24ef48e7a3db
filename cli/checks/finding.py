"""A result of the doctor: fine, worth a look or broken, and how to fix it."""

from typing import Literal

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """One line of the doctor's output."""

    level: Literal["ok", "warn", "fail"]
    subject: str
    text: str
    mend: str = ""


def ok(subject: str, text: str) -> Finding:
    """All is well."""
    return Finding("ok", subject, text)


def warn(subject: str, text: str, mend: str) -> Finding:
    """Usher works, but this may be a mistake."""
    return Finding("warn", subject, text, mend)


def fail(subject: str, text: str, mend: str) -> Finding:
    """Usher, or a part of it, does not work like this."""
    return Finding("fail", subject, text, mend)
