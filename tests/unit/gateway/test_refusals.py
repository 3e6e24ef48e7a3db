"""What is stored and logged about refused senders: all that matters of a few, and little of a flood."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.gateway.refusals.exception_handlers import source_of
from services.gateway.refusals.log_lines import MOST as MOST_LINES
from services.gateway.refusals.log_lines import LogLines
from services.gateway.refusals.refused_senders import MOST, OTHERS, SLACK, RefusedSender, Senders

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def sender(address: str = "10.0.0.1", *, minutes: float = 0, detail: str = "", count: int = 1) -> RefusedSender:
    at = NOON + timedelta(minutes=minutes)
    return RefusedSender(
        source="plex", reason="wrong_secret", address=address, detail=detail, count=count, first_at=at, last_at=at
    )


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lines(clock: Clock) -> LogLines:
    return LogLines(clock=clock)


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    with capture_logs() as logs:
        yield logs


def test_refusals_of_one_sender_are_added_up() -> None:
    (found,) = Senders([sender(minutes=2, detail="newer"), sender(minutes=1, detail="older", count=3)]).all()

    assert (found.count, found.detail) == (4, "newer")
    assert (found.first_at, found.last_at) == (NOON + timedelta(minutes=1), NOON + timedelta(minutes=2))


def test_the_last_refused_comes_first() -> None:
    found = Senders([sender("10.0.0.1", minutes=1), sender("10.0.0.2", minutes=2), sender("10.0.0.3")]).all()

    assert [each.address for each in found] == ["10.0.0.2", "10.0.0.1", "10.0.0.3"]


def test_a_flood_from_many_addresses_fills_no_memory_and_hides_no_sender_that_was_refused_twice() -> None:
    senders = Senders([sender("192.168.1.20", count=2)])
    for number in range(20_000):
        senders.add(sender(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", minutes=number))
        assert len(senders) <= MOST + SLACK + 1

    found = {each.address: each for each in senders.all()}

    assert len(found) == MOST + 1
    assert "192.168.1.20" in found
    assert sum(each.count for each in found.values()) == 20_002
    assert found[OTHERS].first_at == NOON


def test_what_was_put_together_stays_together() -> None:
    flood = Senders(sender(f"10.0.{number >> 8}.{number & 255}") for number in range(3000)).all()

    again = Senders([*flood, *flood]).all()

    assert len(again) == len(flood) == MOST + 1
    assert sum(each.count for each in again) == 6000


def test_a_sender_has_a_line_at_once_and_then_one_a_minute_with_a_count(
    lines: LogLines, clock: Clock, logged: list[Any]
) -> None:
    for _ in range(100):
        lines.add(sender(detail="x"))
    assert [line["times"] for line in logged] == [1]
    clock.at += 60
    lines.end_periods()
    lines.end_periods()

    assert [line["times"] for line in logged] == [1, 99]
    assert logged[0] == {
        "event": "webhook_refused",
        "log_level": "warning",
        "source": "plex",
        "reason": "wrong_secret",
        "address": "10.0.0.1",
        "detail": "x",
        "times": 1,
    }


def test_another_sender_has_a_line_of_its_own(lines: LogLines, logged: list[Any]) -> None:
    lines.add(sender("10.0.0.1"))
    lines.add(sender("10.0.0.2"))

    assert [line["address"] for line in logged] == ["10.0.0.1", "10.0.0.2"]


def test_a_flood_from_many_addresses_has_few_lines_and_a_count(
    lines: LogLines, clock: Clock, logged: list[Any]
) -> None:
    for number in range(6000):
        lines.add(sender(f"10.0.{number >> 8}.{number & 255}"))
        clock.at += 0.05
    clock.at += 600
    lines.end_periods()

    assert len(logged) == MOST_LINES + 1
    assert logged[-1]["event"] == "webhooks_refused_without_a_line"
    assert logged[-1]["times"] == 6000 - MOST_LINES


def test_a_quiet_minute_writes_nothing(lines: LogLines, clock: Clock, logged: list[Any]) -> None:
    clock.at += 10_000
    lines.end_periods()

    assert logged == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("/webhooks/plex", "plex"),
        ("/webhooks/PLEX/secret", "plex"),
        ("//webhooks//plex", "plex"),
        ("/Webhooks/emby/", "emby"),
        ("/webhooks", "unknown"),
        ("/webhooks/secret", "unknown"),
        ("/usher/webhooks/seerr/secret", "seerr"),
        ("/api/webhooks/tautulli", "tautulli"),
        ("/", None),
        ("", None),
        ("/usher/webhooks", None),
        ("/api/webhooks/secrets", None),
        ("/webhooksy/plex", None),
    ],
)
def test_a_webhook_is_known_by_its_address_also_where_that_is_wrong(path: str, source: str | None) -> None:
    assert source_of(path) == source
