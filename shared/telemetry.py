"""One trace id from webhook to effect, in logs and headers, and as OpenTelemetry spans if an endpoint is set.

The id travels as W3C `traceparent` (https://www.w3.org/TR/trace-context/). Without an endpoint nothing of OpenTelemetry
is imported; the ids are made and carried all the same.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import structlog
from prometheus_client import Counter, Gauge, Histogram

from shared.settings import SettingsError

HEADER: Final = "traceparent"
_VALID: Final = re.compile(r"^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$")

HANDLED = Counter("usher_messages_settled_total", "Messages settled by a consumer", ["consumer", "outcome"])
HANDLER_SECONDS = Histogram(
    "usher_handler_seconds",
    "Time from taking a message up to its settlement",
    ["consumer"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30),
)
LAG_SECONDS = Histogram(
    "usher_message_age_seconds",
    "Age of a message when its effect is committed",
    ["consumer"],
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 60, 3600),
)
NATS_CONNECTED = Gauge("usher_nats_connected", "1 while the connection to NATS is up")
NATS_RECONNECTS = Counter("usher_nats_reconnects_total", "Connections to NATS made again", ["how"])
OUTBOX_PUBLISHED = Counter("usher_outbox_published_total", "Facts that left the outbox")
RETRIES_WAITING = Gauge("usher_retries_waiting", "Deliveries that wait for their next try")


def new_traceparent() -> str:
    """Return a new, sampled trace context."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def traceparent_of(headers: Mapping[str, str] | None) -> str:
    """Return the trace context of a message or request, or a new one if it has no valid one."""
    value = (headers or {}).get(HEADER, "")
    return value if _VALID.match(value) else new_traceparent()


def current_traceparent() -> str:
    """Return the trace context of the current chain, or a new one outside of any."""
    value = structlog.contextvars.get_contextvars().get("traceparent")
    return value if isinstance(value, str) else new_traceparent()


class Tracer:
    """Spans around what a service does; without a provider they only bind the trace id to the logs."""

    def __init__(self, provider: Any = None) -> None:
        self._tracer = provider.get_tracer("usher") if provider else None

    @contextmanager
    def span(self, name: str, traceparent: str, **attributes: str | int) -> Iterator[None]:
        """Run a block as part of the chain; its logs carry `trace_id`."""
        with structlog.contextvars.bound_contextvars(trace_id=traceparent[3:35], traceparent=traceparent):
            if self._tracer is None:
                yield
                return
            with self._tracer.start_as_current_span(name, context=_context(traceparent), attributes=attributes):
                yield


def _context(traceparent: str) -> Any:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415 (optional)

    return TraceContextTextMapPropagator().extract({HEADER: traceparent})


def tracer(*, service: str, endpoint: str) -> Tracer:
    """Return a tracer that exports by OTLP over HTTP to `endpoint`; without an endpoint it exports nothing.

    Raises `SettingsError` if an endpoint is set and the extra `usher[otel]` is not installed.
    """
    if not endpoint:
        return Tracer()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 (optional)
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ModuleNotFoundError as exc:
        raise SettingsError(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is set and {exc.name} is not installed: "
            "expected the extra otel, for example .venv/bin/pip install '.[otel]'"
        ) from exc

    provider = TracerProvider(resource=Resource.create({"service.name": f"usher-{service}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")))
    return Tracer(provider)
