"""The query parameters of a route, by the names that callers know: their `type` is a `kind` in our functions."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Final
from urllib.parse import parse_qsl

from litestar.enums import ParamType
from litestar.handlers.base import BaseRouteHandler
from litestar.params import ParameterKwarg
from litestar.typing import FieldDefinition

from shared.errors import Fault, InvalidError

_NOT_ASKED_FOR: Final = frozenset(
    {"body", "cookies", "data", "headers", "query", "request", "scope", "socket", "state"}
)
"""Names that Litestar fills in itself."""
_MOST_ROUTES: Final = 512
_LONGEST_NAME: Final = 50
_MOST_FAULTS: Final = 20
"""So that the answer to a bad query is no larger than the query."""


@lru_cache(_MOST_ROUTES)
def outer_names(handler: BaseRouteHandler) -> Mapping[str, str]:
    """Return the callers' names of a route's parameters by our functions' names."""
    return {field.name: _outer_name(field) for field in _fields(handler)}


@lru_cache(_MOST_ROUTES)
def query_of(handler: BaseRouteHandler) -> Mapping[str, bool]:
    """Return the parameters that a route's query may have, and whether each may be repeated."""
    return {_outer_name(field): field.is_non_string_sequence for field in _fields(handler) if _is_in_query(field)}


def check_query(handler: BaseRouteHandler, query: bytes) -> None:
    """Raise `InvalidError` for parameters that a route does not take, and for one that comes twice."""
    known = query_of(handler)
    names = Counter(name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    faults = (
        Fault(name[:_LONGEST_NAME], "is given more than once" if name in known else f"is not known: {_list(known)}")
        for name, times in names.items()
        if name not in known or (times > 1 and not known[name])
    )
    if listed := tuple(islice(faults, _MOST_FAULTS)):
        raise InvalidError(f"the query is not understood at {listed[0].path!r}", faults=listed)


def _list(known: Mapping[str, bool]) -> str:
    return f"this takes {', '.join(known)}" if known else "this takes no parameters"


def _fields(handler: BaseRouteHandler) -> Iterator[FieldDefinition]:
    """Give the parameters of a route's function and of its dependencies."""
    providers = handler.resolve_dependencies()
    waiting, seen = [handler.parsed_fn_signature], set[str]()
    while waiting:
        for field in waiting.pop().parameters.values():
            if field.name in seen or field.name in _NOT_ASKED_FOR:
                continue
            seen.add(field.name)
            if field.name in providers:
                waiting.append(providers[field.name].parsed_fn_signature)
            else:
                yield field


def _outer_name(field: FieldDefinition) -> str:
    asked = field.kwarg_definition
    return (asked.name if isinstance(asked, ParameterKwarg) else None) or field.name


def _is_in_query(field: FieldDefinition) -> bool:
    asked = field.kwarg_definition
    return not isinstance(asked, ParameterKwarg) or asked.param_type == ParamType.QUERY
