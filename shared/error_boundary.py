"""Stops bugs from spreading: one ends the sign-in, question or check that it happened in, not the whole service.

Expected failures are errors of `shared.errors`, which are caught by name before they get here.
"""

from typing import Self, final

import structlog

from shared.errors import UsherError

log = structlog.get_logger()


@final
class ErrorBoundary:
    """Logs an exception raised in its block and continues after the block; `succeeded` tells whether there was none.

    With `only_bugs`, errors of `shared.errors` still pass through.
    """

    def __init__(self, event: str, *, only_bugs: bool = False, **facts: str) -> None:
        self._event = event
        self._only_bugs = only_bugs
        self._facts = facts
        self.succeeded = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _traceback: object) -> bool:
        self.succeeded = kind is None
        if not isinstance(error, Exception) or (self._only_bugs and isinstance(error, UsherError)):
            return False
        log.error(self._event, **self._facts, error=type(error).__name__, reason=str(error))
        return True
