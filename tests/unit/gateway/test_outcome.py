"""What events and dead letters say about a webhook."""

from datetime import UTC, datetime

import msgspec
import pytest

from services.gateway.events.outcome import outcome_of, outcome_of_dead_letter
from services.gateway.events.shapes import Outcome
from shared.schemas.dead import DeadLetter
from shared.schemas.events import WebhookHandled, WebhookIgnored
from shared.schemas.webhooks import Webhook

AT = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)
WEBHOOK = Webhook(id="w", source="plex", event="media.play", received_at=AT, payload=msgspec.Raw(b"{}"), attempt=2)


def letter(**changes: object) -> DeadLetter:
    plain = DeadLetter(
        id="l",
        service="syncer",
        consumer="syncer-webhooks",
        subject="webhooks.plex.media.play",
        message_id="w:2",
        reason="it never worked",
        attempts=10,
        dropped_at=AT,
        payload=msgspec.Raw(msgspec.json.encode(WEBHOOK)),
    )
    return msgspec.structs.replace(plain, **changes)


def test_a_handled_webhook_says_its_effect() -> None:
    event = WebhookHandled(id="e", occurred_at=AT, webhook_id="w", source="plex", attempt=1, effect="play recorded")

    assert outcome_of(event) == Outcome(
        webhook_id="w", source="plex", attempt=1, status="handled", reason="play recorded"
    )


def test_an_ignored_webhook_says_why() -> None:
    event = WebhookIgnored(id="e", occurred_at=AT, webhook_id="w", source="plex", reason="a hint")

    assert outcome_of(event) == Outcome(webhook_id="w", source="plex", attempt=0, status="ignored", reason="a hint")


def test_no_reason_is_none() -> None:
    event = WebhookIgnored(id="e", occurred_at=AT, webhook_id="w", source="plex")

    assert outcome_of(event).reason is None


def test_a_webhook_that_a_service_gave_up_is_dead() -> None:
    assert outcome_of_dead_letter(letter()) == Outcome(
        webhook_id="w", source="plex", attempt=2, status="dead", reason="it never worked"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "events.play.recorded"},
        {"service": "gateway"},
        {"payload": msgspec.Raw(b'{"id": 1}')},
        {"payload": msgspec.Raw(b'"not base64"'), "is_base64": True},
    ],
    ids=["not a webhook", "given up by the event log itself", "no envelope", "not even base64"],
)
def test_other_letters_say_nothing_of_a_webhook(changes: dict[str, object]) -> None:
    assert outcome_of_dead_letter(letter(**changes)) is None
