"""What facts and dead letters say about a webhook."""

import msgspec

from services.gateway.events.shapes import Outcome
from shared.bus.dead_letters import payload_of
from shared.schemas.dead import DeadLetter
from shared.schemas.events import WebhookHandled, WebhookIgnored
from shared.schemas.webhooks import Webhook

_webhook = msgspec.json.Decoder(Webhook)


def outcome_of(event: WebhookHandled | WebhookIgnored) -> Outcome:
    """Return what a fact says of a webhook."""
    is_handled = isinstance(event, WebhookHandled)
    reason = event.effect if isinstance(event, WebhookHandled) else event.reason
    return Outcome(
        webhook_id=event.webhook_id,
        source=event.source,
        attempt=event.attempt,
        status="handled" if is_handled else "ignored",
        reason=reason or None,
    )


def outcome_of_dead_letter(letter: DeadLetter) -> Outcome | None:
    """Return what a dead letter says about a webhook; None where it is about something else, or from our own log."""
    if letter.service == "gateway" or not letter.subject.startswith("webhooks."):
        return None
    try:
        webhook = _webhook.decode(payload_of(letter))
    except (msgspec.MsgspecError, ValueError):
        return None
    return Outcome(
        webhook_id=webhook.id, source=webhook.source, attempt=webhook.attempt, status="dead", reason=letter.reason
    )
