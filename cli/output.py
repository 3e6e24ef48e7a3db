"""What commands print: tables for people, JSON for programs. All values (titles, names, reasons) are hostile input."""

import sys
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.errors import BadUsageError


def _check_moment(option: typer.CallbackParam, value: str | None) -> str | None:
    """Return a time as it was given; raises `BadUsageError` if the API would not accept it."""
    if value is None or _is_a(date, value) or _is_a(datetime, value):
        return value
    expected = "expected a date or a moment of ISO 8601, such as 2026-01-31 or 2026-01-31T18:00:00Z"
    raise BadUsageError(f"--{option.name} is {value[:80]!r}: {expected}")


def _is_a(kind: type[date], text: str) -> bool:
    try:
        msgspec.convert(text, kind)
    except msgspec.ValidationError:
        return False
    return True


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Limit = Annotated[int, typer.Option(min=1, max=200, help="The most to show.")]
Offset = Annotated[int, typer.Option(min=0, help="How many to skip.")]
Moment = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="A date (its midnight in UTC), or a moment in ISO 8601.", callback=_check_moment),
]

_WHOLE: Final = ("id", "url", "_at")
"""Ends of the paths of what is copied, so that it is not broken into lines."""
_ENDLESS: Final = 1000

Columns = Mapping[str, str]
"""Titles of columns, and the path to what is in them: `person.name`."""


def show(value: Any, columns: Columns, *, json: bool) -> None:
    """Print a page of things, or one thing."""
    if json:
        show_json(value)
        return
    items = value["items"] if isinstance(value, dict) and "items" in value else [value]
    show_table(items, columns)
    total = value.get("total", len(items))
    if total > len(items):
        print(f"{len(items)} of {total}")


def show_json(value: Any) -> None:
    """Print JSON on one line."""
    print(msgspec.json.encode(value).decode())


def show_whole(value: Any, *, json: bool) -> None:
    """Print everything about one thing, for people as indented JSON."""
    if json:
        show_json(value)
        return
    for each in msgspec.json.format(msgspec.json.encode(value)).decode().splitlines():
        print(plain(each))


def show_table(items: Iterable[Any], columns: Columns, *, title: str | None = None) -> None:
    """Print a table."""
    table = Table(title=title, title_justify="left")
    for name, path in columns.items():
        table.add_column(name, no_wrap=path.endswith(_WHOLE))
    for item in items:
        table.add_row(*(Text(cell(item, path)) for path in columns.values()))
    Console(width=None if sys.stdout.isatty() else _ENDLESS).print(table, crop=False)


def cell(item: Any, path: str) -> str:
    """Return the value at a path, as text without control characters; times (`…_at`) in this host's zone."""
    for part in path.split("."):
        item = item.get(part) if isinstance(item, dict) else None
    if path.endswith("_at") and isinstance(item, str):
        return local(item)
    return plain(item)


def plain(value: Any) -> str:
    """Return a value as printable text on one line."""
    match value:
        case None:
            text = ""
        case str():
            text = value
        case bool():
            text = "yes" if value else "no"
        case list():
            text = ", ".join(plain(each) for each in value)
        case dict():
            text = ", ".join(f"{name} {plain(each)}" for name, each in value.items() if each is not None)
        case _:
            text = str(value)
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def local(moment: str) -> str:
    """Return an ISO 8601 time in this host's time zone, to the second."""
    try:
        return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError):
        return plain(moment)
