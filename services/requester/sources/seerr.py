"""Seerr, Overseerr and Jellyseerr: what their webhook agent sends, from a template that people may have edited.

Values are texts, "" for nothing. A block without content (`request` of an issue) is null, absent or {}. Home
Assistant's template writes snake_case. https://github.com/seerr-team/seerr, server/lib/notifications/agents/webhook.ts
"""

import re
from datetime import datetime
from typing import Final, Literal

import msgspec

from shared import templates
from shared.leniency import flag, number, text
from shared.schemas.webhooks import Webhook

_EVENTS: Final = frozenset(
    {
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
    }
)
_TEST: Final = "TEST_NOTIFICATION"

_LARGEST: Final = 10**12 - 1
_DISCORD_ID: Final = re.compile(r"[0-9]{1,20}")
_MOST_IDS: Final = 20


class SeerrUser(msgspec.Struct, frozen=True, kw_only=True):
    """A user as Seerr describes them: without an id of its own, by values that they may have typed themselves."""

    username: str | None = None
    email: str | None = None
    discord_ids: tuple[str, ...] = ()


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened to a request or an issue. The ids are Seerr's; the rest is not proven: ask Seerr."""

    event: str
    occurred_at: datetime
    subject: str | None = None
    """Title and year, for people."""
    media_type: Literal["movie", "tv"] | None = None
    tmdb_id: int | None = None
    tvdb_id: int | None = None
    request_id: int | None = None
    is_4k: bool | None = None
    issue_id: int | None = None
    requested_by: SeerrUser | None = None
    reported_by: SeerrUser | None = None
    comment: str | None = None


class Ignored(msgspec.Struct, frozen=True):
    """Nothing to do. `reason` is for people; `known` is False for an unknown event name."""

    reason: str
    known: bool = True


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    notification_type: object = None
    subject: object = None
    media: object = None
    request: object = None
    issue: object = None
    comment: object = None
    media_block: object = msgspec.field(name="{{media}}", default=None)
    request_block: object = msgspec.field(name="{{request}}", default=None)
    issue_block: object = msgspec.field(name="{{issue}}", default=None)
    comment_block: object = msgspec.field(name="{{comment}}", default=None)


_decoder: Final = msgspec.json.Decoder(Payload)


def parse_webhook(webhook: Webhook) -> Notice | Ignored:
    """Return what a stored webhook says."""
    return parse(bytes(webhook.payload), received_at=webhook.received_at)


def parse(payload: bytes, *, received_at: datetime) -> Notice | Ignored:
    """Return what a webhook of Seerr says; never raises, whatever the bytes are. Seerr sends no time."""
    try:
        body = templates.decode(_decoder, payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        return Ignored(f"the payload does not fit: {exc}")
    except RecursionError:
        return Ignored("the payload does not fit: nested too deep")
    event = text(body.notification_type, limit=100)
    if event in _EVENTS:
        return _notice(body, event, received_at)
    if event == _TEST:
        return Ignored("a test: it arrived")
    if event and "{{" in event:
        return Ignored("a template: Seerr did not fill in its placeholders", known=False)
    return Ignored(f"unknown event {event!r}" if event else "it names no event", known=False)


def _notice(body: Payload, event: str, received_at: datetime) -> Notice | Ignored:
    media, request = _block(body.media, body.media_block), _block(body.request, body.request_block)
    issue, comment = _block(body.issue, body.issue_block), _block(body.comment, body.comment_block)
    notice = Notice(
        event=event,
        occurred_at=received_at,
        subject=text(body.subject),
        media_type=_media_type(media.get("media_type")),
        tmdb_id=_id(media, "tmdbId", "tmdb_id"),
        tvdb_id=_id(media, "tvdbId", "tvdb_id"),
        request_id=_id(request, "request_id", "id"),
        is_4k=flag(request.get("is4k")),
        issue_id=_id(issue, "issue_id", "id"),
        requested_by=_user(request, "requestedBy", "requested_by"),
        reported_by=_user(issue, "reportedBy", "reported_by"),
        comment=text(comment.get("comment_message"), limit=2000),
    )
    if (notice.tmdb_id or notice.tvdb_id or notice.request_id or notice.issue_id) is None:
        return Ignored("Seerr does not say which title, request or issue this is about")
    return notice


def _block(*values: object) -> dict[str, object]:
    return next((value for value in values if isinstance(value, dict)), {})


def _media_type(value: object) -> Literal["movie", "tv"] | None:
    match text(value):
        case "movie" | "tv" as known:
            return known
        case _:
            return None


def _id(block: dict[str, object], *names: str) -> int | None:
    found = (number(block.get(name), low=1, high=_LARGEST) for name in names)
    return next((value for value in found if value), None)


def _user(block: dict[str, object], *prefixes: str) -> SeerrUser | None:
    """Return the user whose fields begin with one of the prefixes, None if none of these fields has a value."""
    named = {key.removeprefix(prefix): value for prefix in prefixes for key, value in block.items()}
    settings = ("_settings_discordIds", "_settings_discordId", "_settings_discord_ids", "_settings_discord_id")
    user = SeerrUser(
        username=text(named.get("_username"), limit=100),
        email=text(named.get("_email"), limit=320),
        discord_ids=_discord_ids([named.get(name) for name in settings]),
    )
    return user if user != SeerrUser() else None


def _discord_ids(values: list[object]) -> tuple[str, ...]:
    """Return the ids, each once. One version of Seerr sends a single id, another a list written as a text."""
    listed = [entry for value in values for entry in (value if isinstance(value, list) else [value])]
    words = " ".join(text(entry, limit=1000) or "" for entry in listed[:_MOST_IDS]).replace(",", " ").split()
    return tuple(dict.fromkeys(word for word in words if _DISCORD_ID.fullmatch(word)))[:_MOST_IDS]
