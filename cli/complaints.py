"""How commands say that they failed, on standard error: a line for people, or with `--json` an object for programs."""

import sys
from typing import Final

import msgspec

from shared.errors import PermanentError

_AS_JSON: Final = "--json"


class UsedWronglyError(PermanentError):
    """The command line asks for something that cannot be."""


def wants_json() -> bool:
    """Tell whether this process's command line asks for JSON, though it may not make sense otherwise."""
    return _AS_JSON in sys.argv[1:]


def complain(text: str, *, by: str = "usher: ") -> None:
    """Say what went wrong."""
    line = msgspec.json.encode({"error": text}).decode() if wants_json() else f"{by}{text}"
    sys.stderr.write(f"{line}\n")


def at_most_one(**options: bool) -> None:
    """Raise `UsedWronglyError` where several options are given that contradict each other."""
    given = [f"--{name.replace('_', '-')}" for name, is_given in options.items() if is_given]
    if len(given) > 1:
        raise UsedWronglyError(f"{' and '.join(given)} contradict each other: give one of them")
