"""Plex's older answers, which are XML, read without building a tree."""

from typing import Final
from xml.parsers import expat

from shared.http.calls import RefusedError

_ROOT: Final = "MediaContainer"


def count_elements(content: bytes, name: str, *, api: str) -> int:
    """Return the number of elements with this name; raise `RefusedError` if it is no container of Plex's.

    A document type is refused: only attackers send entities that grow.
    """
    found: list[str] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, _attributes: found.append(tag)
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError) as exc:
        raise RefusedError(f"{api} sent an answer that Usher does not understand: {type(exc).__name__}") from exc
    if found[:1] != [_ROOT]:
        raise RefusedError(f"{api} sent an answer that Usher does not understand")
    return found.count(name)


def _refuse(*_declared: object) -> None:
    raise ValueError("a document type")
