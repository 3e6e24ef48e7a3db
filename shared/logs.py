"""Structured logs: one line for each event, values as keys, one trace id for each causal chain, and no secrets.

`redact` runs last before rendering, over every value of every line, exceptions included. It replaces what is a secret
by its key or looks like one by its shape. Handlers still must not log secrets; this is the second line of defence.
"""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, Final

import structlog
from structlog.typing import ExcInfo

from shared.schemas.secret import HIDDEN, Secret

_SECRET_KEY: Final = re.compile(
    r"(?i)(token|secret|password|passwd|api_?key|authorization|cookie|credential|private_?key)$|^(auth|pw)$"
)
_SLASH: Final = r"(?:/|%(?:25)*2f)"
_SECRET_SHAPES: Final = (  # what a text must have in it to be worth a closer look, the look, the replacement
    # name=value and "name": "value" wherever they stand: query strings, headers, JSON in an exception's text
    (
        "=:",
        re.compile(
            r"(?i)(token|secret|password|passwd|authorization|\b(?:x-api-|api_?)?key)"
            r"(\\?[\"']?\s*[=:]\s*(?:(?:bearer|bot|basic)\s+)?\\?[\"']?)([^\s\"'&,;}\\]+)"
        ),
        rf"\1\2{HIDDEN}",
    ),
    # user:password@ of any address, or a token there
    ("@", re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,20}://)[^\s/?#]+@"), rf"\1{HIDDEN}@"),
    # a secret as the last part of a webhook's path, of ours or of Discord's
    (
        "/%",
        re.compile(rf"(?i)({_SLASH}webhooks?{_SLASH}+[a-z0-9]+){_SLASH}+[^\s/?\"']+"),
        rf"\1/{HIDDEN}",
    ),
    # Usher's own keys and sessions
    ("_", re.compile(r"\bush[akws]_[A-Za-z0-9_-]{16,}"), HIDDEN),
    # Discord bot tokens, JSON web tokens
    (".", re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{20,}+\.[A-Za-z0-9_-]{6,}+\.[A-Za-z0-9_-]{20,}+"), HIDDEN),
)

_DEEPEST: Final = 200
"""Lists and mappings within each other that are looked through; a webhook's payload has half of that at most."""
_TOO_DEEP: Final = "(nested too deeply to be shown)"
_MOST_CALLS: Final = 40
"""Calls of a traceback."""


def redact_text(text: str) -> str:
    """Return a text with everything that looks like a secret replaced."""
    for signs, pattern, replacement in _SECRET_SHAPES:
        if any(sign in text for sign in signs):
            text = pattern.sub(replacement, text)
    return text


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace secrets in a log line, also deep inside lists and mappings."""
    for key, value in event.items():
        event[key] = redact_value(key, value)
    return event


def redact_value(key: str, value: Any, *, depth: int = 0) -> Any:
    """Return a value as people may see it, also inside lists and mappings; cut off what is nested too deeply."""
    if isinstance(value, Secret) or (_SECRET_KEY.search(key) and isinstance(value, str | bytes)):
        return HIDDEN
    if isinstance(value, str):
        return redact_text(value)
    if depth > _DEEPEST:
        return _TOO_DEEP
    if isinstance(value, MutableMapping):
        return {name: redact_value(str(name), inner, depth=depth + 1) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redact_value(key, inner, depth=depth + 1) for inner in value]
    return value if isinstance(value, int | float | bool | None) else redact_text(_text(value))


def _text(value: object) -> str:
    try:
        return str(value)
    except RecursionError:
        return _TOO_DEEP


def _traceback(exc_info: ExcInfo) -> str:
    """Return the end of a traceback: after infinite recursion a whole one has a thousand calls."""
    return "".join(traceback.format_exception(*exc_info, limit=-_MOST_CALLS)).rstrip("\n")


def configure(*, service: str, level: str, style: str) -> None:
    """Send all logs, including those of libraries, through the same processors to standard output.

    `style` is `console`, `json` or `auto`: console on a terminal, JSON elsewhere.
    """
    console = style == "console" or (style == "auto" and sys.stdout.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _service(service),
        structlog.processors.ExceptionRenderer(_traceback),
        redact,
    ]
    structlog.configure(
        processors=[*shared, _renderer(console=console)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared[:-1],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, _renderer(console=console)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for chatty in ("httpx", "httpcore", "nats", "asyncio", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _service(name: str) -> Any:
    def add(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.setdefault("service", name)
        return event

    return add


def _renderer(*, console: bool) -> Any:
    if console:
        return structlog.dev.ConsoleRenderer(
            colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    return structlog.processors.JSONRenderer(default=str)
