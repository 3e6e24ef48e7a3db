"""Any bytes from any sender are understood or ignored, never an error."""

import msgspec
import pytest

from services.syncer.history.sources import parsing
from services.syncer.history.sources.outcome import Ignored
from shared.schemas.webhook_senders import SOURCES, Source
from shared.schemas.webhooks import Webhook
from tests.unit.syncer.history.sources.outcomes import NOW


@pytest.mark.parametrize("source", [source for source in SOURCES if source != "seerr"])
@pytest.mark.parametrize(
    "payload",
    [b"", b"nonsense", b"[]", b'"x"', b"null", b'{"Event":"\xff","event":"\xff"}', b"\xef\xbb\xbf{}", b"[" * 200_000],
)
def test_what_is_no_object_does_not_fit(source: Source, payload: bytes) -> None:
    result = parsing.parse(source, payload, received_at=NOW)

    assert isinstance(result, Ignored)
    assert result.reason.startswith("the payload does not fit: ")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("depth", [*range(800, 1010, 10), 10_000, 200_000])
@pytest.mark.parametrize("key", ["Metadata", "Account", "guid", "Item", "Provider_imdb", "x"])
def test_deep_nesting_is_never_an_error(source: Source, depth: int, key: str) -> None:
    start = b'{"event":"media.scrobble","Event":"item.markplayed","NotificationType":"PlaybackStop","user":"x","'
    payload = start + key.encode() + b'":' + b'{"id":' * depth + b"1" + b"}" * depth + b"}"

    result = parsing.parse(source, payload, received_at=NOW)

    assert isinstance(result, Ignored)


def test_a_stored_webhook_is_parsed_as_it_was_received() -> None:
    payload = b'{"event":"media.scrobble","Account":{"id":5,"title":"x"},"Metadata":{"type":"movie","title":"Heat"}}'
    webhook = Webhook(id="x", source="plex", event="media.scrobble", received_at=NOW, payload=msgspec.Raw(payload))

    assert parsing.parse_webhook(webhook) == parsing.parse("plex", payload, received_at=NOW)
