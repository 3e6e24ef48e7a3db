"""Emby: webhooks of Emby Premiere. A stop at the end and a mark as played are plays; unmarking is a tombstone."""

from datetime import datetime
from typing import Final

import msgspec

from services.syncer.history.sources.accounts import local_account
from services.syncer.history.sources.mediabrowser import Item, Person, Server, describe
from services.syncer.history.sources.moments import happened_at
from services.syncer.history.sources.outcome import Ignored, Outcome, Unwatched, Watched
from services.syncer.history.sources.payload import decode, unknown_event
from services.syncer.history.sources.titles import identify
from shared.leniency import flag, text

_STOP: Final = "playback.stop"
_MARK: Final = "item.markplayed"
_UNMARK: Final = "item.markunplayed"

_HINTS: Final = {
    "playback.start": Ignored("a hint: playback started"),
    "playback.pause": Ignored("a hint: playback paused"),
    "playback.unpause": Ignored("a hint: playback resumed"),
    "item.rate": Ignored("a hint: an item was rated"),
    "item.unrate": Ignored("a hint: a rating was taken back"),
    "library.new": Ignored("a hint: an item was added"),
    "library.deleted": Ignored("a hint: an item was removed"),
    "system.notificationtest": Ignored("a test: it arrived"),
    "system.webhooktest": Ignored("a test: it arrived"),
}


class PlaybackInfo(msgspec.Struct, frozen=True, rename="pascal"):
    played_to_completion: object = None


class Payload(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    event: object = None
    date: object = None
    user: Person | None = None
    item: Item | None = None
    server: Server | None = None
    playback_info: PlaybackInfo | None = None


_decoder: Final = msgspec.json.Decoder(Payload)


def parse(payload: bytes, *, received_at: datetime) -> Outcome:
    """Return the meaning of an Emby server's webhook."""
    body = decode(_decoder, payload)
    if isinstance(body, Ignored):
        return body
    event = text(body.event) or ""
    if event not in {_STOP, _MARK, _UNMARK}:
        return _HINTS.get(event) or _other(event)
    if event == _STOP and not flag((body.playback_info or PlaybackInfo()).played_to_completion):
        return Ignored("a hint: playback stopped before the end")
    return _change(body, event, received_at)


def _other(event: str) -> Ignored:
    return Ignored("a hint: something about an account") if event.startswith("user.") else unknown_event(event)


def _change(body: Payload, event: str, received_at: datetime) -> Outcome:
    user, item = body.user or Person(), body.item or Item()
    server = text((body.server or Server()).id) or item.server_id
    account = local_account("emby", server=server, account=user.id, name=user.name)
    if account is None:
        return Ignored("no user: list everybody in 'Limit user events to' of Emby's webhook, or it sends none")
    title = identify(describe(item), sender="Emby")
    if isinstance(title, Ignored):
        return title
    when = happened_at(body.date, received_at=received_at)
    if event == _UNMARK:
        return Unwatched(account=account, title=title, at=when)
    return Watched(account=account, title=title, watched_at=when)
