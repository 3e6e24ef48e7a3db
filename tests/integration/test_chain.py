"""One causal chain in the logs: lines of gateway and syncer about a webhook have one trace id."""

import json
from pathlib import Path
from typing import Any

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from services.syncer.history.handlers import Handlers
from services.syncer.history.sources import parsing
from shared.bus import streams
from shared.bus.connection import Bus
from shared.runtime import Service
from shared.schemas.secret import Secret
from simulators.senders import plex_scrobble
from tests.integration.gateway.house import WEBHOOK_SECRET, prepared, settings
from tests.integration.service import at_work, parts_of, until

SCROBBLE: dict[str, Any] = json.loads(plex_scrobble(1))
PAUSE = {**SCROBBLE, "event": "media.pause"}
SENT = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    ("payload", "line", "reason"),
    [(SCROBBLE, "play_recorded", "a play was stored"), (PAUSE, "webhook_ignored", "playback paused")],
)
@pytest.mark.parametrize("version", [None, "00", "42"])
async def test_both_services_say_what_became_of_a_webhook_under_one_trace_id(
    bus: Bus,
    database_url: Secret,
    nats_url: Secret,
    tmp_path: Path,
    payload: dict[str, Any],
    line: str,
    reason: str,
    version: str | None,
) -> None:
    async with (
        prepared(settings(database_url, nats_url, tmp_path)) as house,
        parts_of("syncer", bus=bus, database_url=database_url) as parts,
    ):
        service = Service(parts)
        handlers = Handlers(worker=parts.worker, pool=parts.pool, parse=parsing.parse_webhook)
        service.consume(streams.SYNCER_WEBHOOKS, handlers.take_webhook)
        async with at_work(service):
            with capture_logs(processors=[merge_contextvars]) as logs:
                answer = await house.http.post(
                    f"/webhooks/plex?token={WEBHOOK_SECRET}",
                    json=payload,
                    headers={"traceparent": f"{version}-{SENT}-00f067aa0ba902b7-01"} if version else {},
                )
                await until(lambda: any(entry["event"] == line for entry in logs))

    (stored,) = (entry for entry in logs if entry["event"] == "webhook_stored")
    (handled,) = (entry for entry in logs if entry["event"] == line)
    assert stored["id"] == handled["id"] == answer.json()["id"]
    assert (stored["source"], stored["event_name"]) == ("plex", payload["event"])
    assert reason in handled["reason"]
    assert stored["trace_id"] == handled["trace_id"]
    assert version is None or stored["trace_id"] == SENT
    assert "Simulated movie" not in str(logs)
