"""Contains bugs: one must end only what it happened in (one sign-in, one question, one check), not a whole service.

Expected failures are errors of `shared.errors`, and are caught by name before they get here.
"""

from typing import Self, final

import structlog

from shared.errors import UsherError

log = structlog.get_logger()


@final
class Contained:
    """Logs an exception of its block and goes on after the block; `is_whole` says whether there was none.

    With `only_bugs`, errors of `shared.errors` are raised all the same.
    """

    def __init__(self, event: str, *, only_bugs: bool = False, **facts: str) -> None:
        self._event = event
        self._only_bugs = only_bugs
        self._facts = facts
        self.is_whole = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _traceback: object) -> bool:
        self.is_whole = kind is None
        if not isinstance(error, Exception) or (self._only_bugs and isinstance(error, UsherError)):
            return False
        log.error(self._event, **self._facts, error=type(error).__name__, reason=str(error))
        return True
