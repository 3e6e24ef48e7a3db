"""A bug ends what it happened in, and nothing else: one sign-in, one question, one look must not end a whole service.

What is expected to go wrong is an error of `shared.errors`, and is caught by its name before it comes here.
"""

from typing import Self, final

import structlog

from shared.errors import UsherError

log = structlog.get_logger()


@final
class Contained:
    """Logs a bug in its block and lets it end there; afterwards `is_whole` says whether there was none.

    What Usher has a name for is raised all the same where `only_bugs`.
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
