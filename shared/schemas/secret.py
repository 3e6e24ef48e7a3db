"""A value that must not be shown: it hides from `repr`, logs, f-strings, JSON and pickles."""

import hmac
from typing import Final, NoReturn, final

HIDDEN: Final = "***"
_LONG_ENOUGH: Final = 12


@final
class Secret:
    """A token, key or password. Only `reveal()` returns the value, so that every use can be found by searching."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value

    def last_four(self) -> str:
        """Return what may be shown: the last four characters, or none if the value is too short for that."""
        return f"…{self._value[-4:]}" if len(self._value) >= _LONG_ENOUGH else "…"

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, spec: str) -> str:
        return HIDDEN

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")
