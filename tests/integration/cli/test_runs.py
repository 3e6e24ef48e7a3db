"""Runs are followed from the command line."""

from collections.abc import Iterator, Mapping
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


class RestartingGateway(FakeGateway):
    """Answers 503 where the answer that it was given is None, as a gateway that starts."""

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        given = self.answers.get(f"{method} {target}")
        if isinstance(given, list) and given and given[0] is None:
            given.pop(0)
            return 503, b'{"detail": "Usher is starting"}'
        return super().answer(method, target, headers, body)


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with serving({}, kind=RestartingGateway) as fake:
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


def test_a_run_is_followed_over_a_restart_of_the_gateway(gateway: FakeGateway, environment: dict[str, str]) -> None:
    gateway.answers["GET /api/runs/r1"] = [
        RUN,
        None,
        {**RUN, "status": "success", "finished_at": "2026-01-31T03:05:00Z"},
    ]

    result = usher("runs watch r1", environment)

    assert result.exit_code == 0, result.output
    assert [line.split()[2] for line in result.stdout.splitlines()] == ["running", "success"]


def test_a_stream_on_which_nothing_came_yet_is_followed_over_a_restart(
    gateway: FakeGateway, environment: dict[str, str]
) -> None:
    item = b'data: {"id":"r1","status":"queued"}\nevent: run\n\n'
    gateway.answers["GET /api/events/stream"] = [b"retry: 3000\n\n", None, item]

    result = usher("runs watch --json", environment)

    assert result.stdout.splitlines() == ['{"id":"r1","status":"queued"}']
