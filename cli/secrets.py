"""Reads secrets from a prompt, a file or standard input, never from the command line."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from shared.errors import InvalidError
from shared.schemas.secret import Secret

LONGEST: Final = 4096
_STANDARD_INPUT: Final = "-"

SecretFile = Annotated[
    str | None,
    typer.Option(help="A file with it, - for standard input; without one you are asked for it.", metavar="FILE"),
]


def read_secret(what: str, *, file: str | None, twice: bool = False) -> Secret:
    """Return a secret of one line; raise `InvalidError` if it is empty, too long or no UTF-8.

    With `twice`, it must be typed again.
    """
    if file is not None and file != _STANDARD_INPUT:
        text = _read(what, Path(file))
    elif file is None and sys.stdin.isatty():
        text = str(typer.prompt(what, hide_input=True, confirmation_prompt=twice, err=True))
    else:
        text = sys.stdin.read(LONGEST + 1)
    text = text.strip()
    if not text or len(text) > LONGEST or "\n" in text:
        raise InvalidError(f"{what}: expected one line of 1 to {LONGEST} characters")
    if any("\ud800" <= each <= "\udfff" for each in text):  # how Python reads other bytes
        raise InvalidError(f"{what}: expected text in UTF-8")
    return Secret(text)


def _read(what: str, path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(LONGEST + 1)
    except (OSError, UnicodeDecodeError) as exc:
        raise InvalidError(f"{what}: {path} cannot be read ({type(exc).__name__})") from exc
