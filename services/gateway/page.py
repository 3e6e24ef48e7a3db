"""The parameters that lists share: pages and filters.

All are checked before they reach a database: Postgres takes no NUL in text, and its integers have 64 bits.
"""

from datetime import UTC, date, datetime, time
from typing import Annotated, Final, Literal

import msgspec
from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter

from shared.errors import Fault, InvalidError

MAX_LIMIT: Final = 200
MAX_OFFSET: Final = 10_000_000
MAX_SEARCH: Final = 200
_YEARS: Final = range(1900, 9999)
_LONGEST_MOMENT: Final = 64
_DATE: Final = len("2026-01-31")
NO_CONTROLS: Final = r"^[^\x00-\x1f\x7f]*$"
NOT_BLANK: Final = r"^(?=.*\S)[^\x00-\x1f\x7f]*$"
"""For names: no control characters, and something that can be seen."""

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="the most items to return")]
Offset = Annotated[int, QueryParameter(ge=0, le=MAX_OFFSET, description="how many items to pass over")]
Search = Annotated[
    str | None,
    QueryParameter(
        max_length=MAX_SEARCH,
        pattern=NO_CONTROLS,
        description="only what contains this text; case does not matter",
        examples=[Example(value="alien")],
    ),
]
Word = Annotated[str | None, QueryParameter(max_length=MAX_SEARCH, pattern=NO_CONTROLS)]
Since = Annotated[
    str | None,
    QueryParameter(
        max_length=_LONGEST_MOMENT,
        description="only from this moment on: ISO 8601, in UTC without an offset; a date is its midnight",
        examples=[
            Example(summary="a moment", value="2026-01-31T18:00:00Z"),
            Example(summary="a day", value="2026-01-31"),
        ],
    ),
]
Until = Annotated[
    str | None,
    QueryParameter(
        max_length=_LONGEST_MOMENT,
        description="only before this moment, of the same forms",
        examples=[Example(value="2026-02-01")],
    ),
]
PersonId = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.:-]+$")]
Id = Annotated[str, PathParameter(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.:-]+$")]
Full = Annotated[Literal["true", "false"], QueryParameter(description="`true`: with the payload, secrets removed")]


def moment(value: datetime | str | None, *, name: str) -> datetime | None:
    """Return a moment in UTC; raises `InvalidError` for text that is no moment, or one of an impossible year."""
    if isinstance(value, str):
        value = _read(value, name)
    if value is None:
        return None
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    if aware.year not in _YEARS:
        raise InvalidError(
            f"{name} is out of range", faults=(Fault(name, f"expected a year from {_YEARS[0]} to {_YEARS[-1]}"),)
        )
    return aware.astimezone(UTC)


def _read(text: str, name: str) -> datetime:
    try:
        if len(text) == _DATE and text.count("-") == 2:  # noqa: PLR2004 (else seconds since 1970)
            return datetime.combine(msgspec.convert(text, date), time(), UTC)
        return msgspec.convert(text, datetime, strict=False)
    except msgspec.ValidationError as exc:
        expected = "expected a date or a moment of ISO 8601, such as 2026-01-31 or 2026-01-31T18:00:00Z"
        raise InvalidError(f"{name} is no moment", faults=(Fault(name, expected),)) from exc
