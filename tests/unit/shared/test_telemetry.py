"""Traces: what is reported if OpenTelemetry is configured but not installed."""

import sys

import pytest

from shared import telemetry
from shared.settings import SettingsError


def test_an_endpoint_without_opentelemetry_names_the_variable_and_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)

    with pytest.raises(
        SettingsError, match=r"^OTEL_EXPORTER_OTLP_ENDPOINT is set and opentelemetry\S* is not .*\[otel"
    ):
        telemetry.tracer(service="syncer", endpoint="http://127.0.0.1:4318")


def test_without_an_endpoint_nothing_of_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)

    with telemetry.tracer(service="syncer", endpoint="").span("play", telemetry.new_traceparent()):
        assert len(telemetry.current_traceparent()) == len(telemetry.new_traceparent())
