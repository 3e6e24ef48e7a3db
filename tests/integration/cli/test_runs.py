"""Runs are followed from the command line."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.cli.commands import usher
from tests.integration.cli.gateway import FakeGateway, serving

RUN: dict[str, Any] = {
    "id": "r1",
    "kind": "seerr",
    "status": "running",
    "finished_at": None,
    "progress": {"done": 200, "total": 5400},
    "counts": {"persons": 200},
}


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with serving({}) as fake:
        yield fake


def test_a_run_is_followed_to_its_end(gateway: FakeGateway, environment: dict[str, str]) -> None:
    over = {**RUN, "status": "success", "finished_at": "2026-01-31T03:05:00Z", "progress": {"done": 9, "total": 9}}
    gateway.answers["GET /api/runs/r1"] = [RUN, over]

    result = usher("runs watch r1", environment)

    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        "r1  seerr  running  200 of 5400  persons 200",
        "r1  seerr  success  9 of 9  persons 200",
    ]


def test_all_runs_are_followed_and_events_passed_over(gateway: FakeGateway, environment: dict[str, str]) -> None:
    gateway.answers["GET /api/events/stream"] = [
        b'data: {"id":"e1"}\n\ndata: {"id":"r1","status":"queued"}\nevent: run\n\n'
    ]

    result = usher("runs watch --json", environment)

    assert result.stdout.splitlines() == ['{"id":"r1","status":"queued"}']
