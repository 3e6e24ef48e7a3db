"""However a payload is damaged, the gateway refuses it by name or a parser ignores it with a reason."""

from datetime import timedelta

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.requester.sources import seerr
from services.syncer.history.sources import parsing
from services.syncer.history.sources.outcome import Unwatched, Watched
from shared.errors import InvalidError
from shared.schemas.webhook_senders import SOURCES, Source
from shared.schemas.webhooks import UNKNOWN_EVENT, Webhook, event_name
from tests.documents import needs_payloads
from tests.unit.payloads.mutations import broken, mutated
from tests.unit.payloads.row import NOW, Expected

pytestmark = needs_payloads

steady = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=400,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def outcomes(payload: bytes) -> list[Expected]:
    """Return what every parser makes of the bytes."""
    plays: list[Expected] = [parsing.parse(source, payload, received_at=NOW) for source in SOURCES]
    return [*plays, seerr.parse(payload, received_at=NOW)]


def check_storable(outcome: Expected) -> None:
    written = msgspec.json.encode(outcome)
    assert b"\\u0000" not in written
    assert len(written) < 20_000
    assert msgspec.json.decode(written, type=type(outcome)) == outcome
    if isinstance(outcome, Watched | Unwatched):
        when = outcome.watched_at if isinstance(outcome, Watched) else outcome.at
        assert timedelta(days=-14) <= when - NOW <= timedelta(minutes=5)
        assert outcome.account.id
        assert outcome.title.title


def name_of(source: Source, payload: bytes) -> str | None:
    """Return the event's name, or None if the payload is refused by name."""
    try:
        return event_name(source, payload)
    except InvalidError as refused:
        return None if refused.faults else ""


def check_named(source: Source, payload: bytes) -> None:
    """Check that an event has a name and its payload survives the envelope, or that it is refused."""
    name = name_of(source, payload)
    if name is None:
        return
    assert name == UNKNOWN_EVENT or 0 < len(name) <= 100
    webhook = Webhook(id="x", source=source, event=name, received_at=NOW, payload=msgspec.Raw(payload))
    read = msgspec.json.decode(msgspec.json.encode(webhook), type=Webhook)
    assert bytes(read.payload).strip() == payload.strip()


@given(mutated())
@steady
def test_a_mutated_payload_is_named_and_parsed(case: tuple[Source, bytes]) -> None:
    source, payload = case

    check_named(source, payload)
    for outcome in outcomes(payload):
        check_storable(outcome)


@given(broken())
@steady
def test_broken_bytes_are_refused_or_parsed(case: tuple[Source, bytes]) -> None:
    source, payload = case

    check_named(source, payload)
    for outcome in outcomes(payload):
        check_storable(outcome)


@given(st.sampled_from(SOURCES), st.binary(max_size=200))
@steady
def test_any_bytes_are_refused_or_parsed(source: Source, payload: bytes) -> None:
    check_named(source, payload)
    for outcome in outcomes(payload):
        check_storable(outcome)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
KEYS = st.sampled_from(
    ["event", "Event", "NotificationType", "notification_type", "Metadata", "Account", "Item", "media"]
)


@given(st.sampled_from(SOURCES), st.dictionaries(KEYS, JSON, max_size=8))
@settings(steady, max_examples=150)
def test_any_json_is_refused_or_parsed(source: Source, tree: dict[str, object]) -> None:
    payload = msgspec.json.encode(tree)

    check_named(source, payload)
    for outcome in outcomes(payload):
        check_storable(outcome)
