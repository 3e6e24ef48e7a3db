"""Each payload of a real server becomes what someone who read it says."""

import msgspec
import pytest

from services.requester.sources import seerr
from services.syncer.history.sources import parsing
from shared.schemas.webhook_senders import SOURCES, Source
from shared.schemas.webhooks import event_name
from tests.documents import PAYLOADS, needs_payloads
from tests.unit.payloads.plex import AS_SCROBBLES
from tests.unit.payloads.row import NOW, Expected, class_of
from tests.unit.payloads.table import TABLE, class_in_table

pytestmark = needs_payloads


def source_of(file: str) -> Source:
    return next(source for source in SOURCES if file.startswith(f"{source}-"))


def read(file: str) -> bytes:
    return (PAYLOADS / f"{file}.json").read_bytes()


def test_every_payload_is_in_the_table() -> None:
    files = {path.stem for path in PAYLOADS.glob("*.json")}

    assert files == set(TABLE)


@pytest.mark.parametrize("file", TABLE)
def test_a_payload_names_its_event(file: str) -> None:
    assert event_name(source_of(file), read(file)) == TABLE[file].event


@pytest.mark.parametrize("file", TABLE)
def test_a_payload_becomes_what_its_reader_says(file: str) -> None:
    row = TABLE[file]
    source = source_of(file)

    outcome: Expected
    if source == "seerr":
        outcome = seerr.parse(read(file), received_at=row.received_at)
    else:
        outcome = parsing.parse(source, read(file), received_at=row.received_at)

    assert outcome == row.expected
    assert class_of(outcome) == class_in_table(file)


@pytest.mark.parametrize("file", [file for file in TABLE if file.startswith("plex-")])
def test_a_plex_payload_becomes_what_its_reader_says_if_it_were_a_scrobble(file: str) -> None:
    scrobble = msgspec.json.encode({**msgspec.json.decode(read(file)), "event": "media.scrobble"})

    outcome = parsing.parse("plex", scrobble, received_at=NOW)

    assert outcome == AS_SCROBBLES[file]


def test_seerr_is_none_of_the_watch_history() -> None:
    outcome = parsing.parse("seerr", read("seerr-MEDIA_AVAILABLE-1"), received_at=NOW)

    assert class_of(outcome) == "unusable"
