"""How commands report failures on standard error: a line for people, or with `--json` an object for programs."""

import sys
from typing import Final

import msgspec

from shared.errors import PermanentError

_AS_JSON: Final = "--json"


class BadUsageError(PermanentError):
    """The command line asks for something impossible."""


def wants_json() -> bool:
    """Say whether this process's command line asks for JSON, even if it is otherwise wrong."""
    return _AS_JSON in sys.argv[1:]


def print_error(text: str, *, by: str = "usher: ") -> None:
    """Print an error."""
    line = msgspec.json.encode({"error": text}).decode() if wants_json() else f"{by}{text}"
    sys.stderr.write(f"{line}\n")


def at_most_one(**options: bool) -> None:
    """Raise `BadUsageError` if several contradicting options are given."""
    given = [f"--{name.replace('_', '-')}" for name, is_given in options.items() if is_given]
    if len(given) > 1:
        raise BadUsageError(f"{' and '.join(given)} exclude each other: give one of them")
