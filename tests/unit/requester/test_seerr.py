"""Seerr's webhook in the templates of all versions and of their users."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from services.requester.sources.seerr import Ignored, Notice, SeerrUser, parse, parse_webhook
from shared.schemas.webhooks import Webhook

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
APPROVED: dict[str, Any] = {
    "notification_type": "MEDIA_APPROVED",
    "event": "Series Request Approved",
    "subject": "Severance (2022)",
    "media": {"media_type": "tv", "tmdbId": "95396", "tvdbId": "371980", "status": "PROCESSING"},
    "request": {
        "request_id": "150",
        "requestedBy_email": "alex@example.org",
        "requestedBy_username": "Alex",
        "requestedBy_settings_discordId": "123456789012345678",
    },
    "issue": None,
    "comment": None,
    "extra": [{"name": "Requested Seasons", "value": "1, 2"}],
}
NOTICE = Notice(
    event="MEDIA_APPROVED",
    occurred_at=NOW,
    subject="Severance (2022)",
    media_type="tv",
    tmdb_id=95396,
    tvdb_id=371980,
    request_id=150,
    requested_by=SeerrUser(username="Alex", email="alex@example.org", discord_ids=("123456789012345678",)),
)


def outcome(payload: dict[str, Any]) -> Notice | Ignored:
    return parse(msgspec.json.encode(payload), received_at=NOW)


def without_request() -> dict[str, Any]:
    return {key: value for key, value in APPROVED.items() if key != "request"}


@pytest.mark.parametrize(
    "event",
    [
        "MEDIA_PENDING",
        "MEDIA_APPROVED",
        "MEDIA_AUTO_APPROVED",
        "MEDIA_AUTO_REQUESTED",
        "MEDIA_AVAILABLE",
        "MEDIA_DECLINED",
        "MEDIA_FAILED",
        "ISSUE_CREATED",
        "ISSUE_COMMENT",
        "ISSUE_RESOLVED",
        "ISSUE_REOPENED",
    ],
)
def test_every_event_of_seerr_is_a_notice(event: str) -> None:
    assert outcome(APPROVED | {"notification_type": event}) == msgspec.structs.replace(NOTICE, event=event)


def test_a_stored_webhook_is_read_as_it_was_received() -> None:
    webhook = Webhook(
        id="x",
        source="seerr",
        event="MEDIA_APPROVED",
        received_at=NOW,
        payload=msgspec.Raw(msgspec.json.encode(APPROVED)),
    )

    assert parse_webhook(webhook) == NOTICE


@pytest.mark.parametrize(
    "change",
    [
        {"media": {"media_type": "tv", "tmdbId": 95396, "tvdbId": 371980}},
        {"media": {"media_type": "tv", "tmdb_id": "95396", "tvdb_id": "371980"}},
        {"media": None, "{{media}}": {"media_type": "tv", "tmdbId": "95396", "tvdbId": "371980"}},
        {"issue": {}, "comment": {}, "extra": None},
        {"issue": "", "comment": [], "extra": "x"},
        {"anything": {"else": [1e300]}},
    ],
)
def test_templates_say_the_same_in_other_ways(change: dict[str, Any]) -> None:
    assert outcome(APPROVED | change) == NOTICE


def test_home_assistants_template_is_read() -> None:
    request = {
        "request_id": "150",
        "requested_by_email": "alex@example.org",
        "requested_by_username": "Alex",
        "requested_by_settings_discord_id": "123456789012345678",
    }

    assert outcome(APPROVED | {"request": request}) == NOTICE


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1,2", ("1", "2")),
        ("1, 2", ("1", "2")),
        (["1", "2", "1"], ("1", "2")),
        (12, ("12",)),
        ("", ()),
        ("...", ()),
        ("<@1>", ()),
        (None, ()),
        ({"a": 1}, ()),
        ("1" * 21, ()),
    ],
)
def test_discord_ids_are_one_or_many(value: object, expected: tuple[str, ...]) -> None:
    request = {"request_id": "150", "requestedBy_username": "Alex", "requestedBy_settings_discordIds": value}

    result = outcome(APPROVED | {"request": request})

    assert isinstance(result, Notice)
    assert result.requested_by == SeerrUser(username="Alex", discord_ids=expected)


@pytest.mark.parametrize("request_", [None, {}, [], "", {"request_id": "", "requestedBy_username": ""}])
def test_a_block_without_a_source_is_absent(request_: object) -> None:
    result = outcome(without_request() | {"request": request_})

    assert result == msgspec.structs.replace(NOTICE, request_id=None, requested_by=None)


def test_ids_that_cannot_be_are_absent() -> None:
    media = {"media_type": "music", "tmdbId": "-5", "tvdbId": "9" * 100}

    result = outcome(APPROVED | {"media": media, "subject": ["x"]})

    assert result == msgspec.structs.replace(NOTICE, media_type=None, tmdb_id=None, tvdb_id=None, subject=None)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"notification_type": "TEST_NOTIFICATION"}, Ignored("a test: it arrived")),
        ({"notification_type": "MEDIA_EXPLODED"}, Ignored("unknown event 'MEDIA_EXPLODED'", known=False)),
        ({"notification_type": ["x"]}, Ignored("it names no event", known=False)),
        ({}, Ignored("it names no event", known=False)),
        (
            {"notification_type": "{{notification_type}}"},
            Ignored("a template: Seerr did not fill in its placeholders", known=False),
        ),
        (
            {"notification_type": "MEDIA_AVAILABLE", "subject": "Heat (1995)"},
            Ignored("Seerr does not say which title, request or issue this is about"),
        ),
    ],
)
def test_what_is_no_notice_is_ignored_with_the_reason(payload: dict[str, Any], expected: Ignored) -> None:
    assert outcome(payload) == expected


@pytest.mark.parametrize("payload", [b"[]", b"nonsense", b"", b'{"subject":"\xff"}', b'{"media":' + b"[" * 200_000])
def test_bytes_that_do_not_fit_are_ignored(payload: bytes) -> None:
    result = parse(payload, received_at=NOW)

    assert isinstance(result, Ignored)
    assert result.reason.startswith("the payload does not fit: ")
