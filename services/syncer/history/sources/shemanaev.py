"""Jellyfin's other webhook plug-in, https://github.com/shemanaev/jellyfin-plugin-webhooks, in its default format.

`{"Event", "Item", "User", "Session", "Server", "Series"}`. `Scrobble` comes once, at 90 %; `Stop` does not say where.
"""

from datetime import datetime
from typing import Final

import msgspec

from services.syncer.history.sources.accounts import local_account
from services.syncer.history.sources.mediabrowser import Item, Person, Server, describe
from services.syncer.history.sources.outcome import Ignored, Outcome, Unwatched, Watched
from services.syncer.history.sources.payload import decode, unknown_event
from services.syncer.history.sources.titles import identify
from shared.leniency import text

_HINTS: Final = {
    "Play": Ignored("a hint: playback started"),
    "Pause": Ignored("a hint: playback paused"),
    "Resume": Ignored("a hint: playback resumed"),
    "Stop": Ignored("a hint: playback stopped"),
    "Progress": Ignored("a hint: playback goes on"),
    "Rate": Ignored("a hint: an item was rated"),
    "ItemAdded": Ignored("a hint: an item was added"),
    "ItemRemoved": Ignored("a hint: an item was removed"),
    "ItemUpdated": Ignored("a hint: an item was changed"),
    "AuthenticationSucceeded": Ignored("a hint: somebody signed in"),
    "AuthenticationFailed": Ignored("a hint: somebody failed to sign in"),
    "SessionStarted": Ignored("a hint: a session started"),
    "SessionEnded": Ignored("a hint: a session ended"),
    "SubtitleDownloadFailure": Ignored("a hint: subtitles could not be downloaded"),
    "HasPendingRestartChanged": Ignored("a hint: the server wants a restart"),
}
_PLAYS: Final = frozenset({"Scrobble", "MarkPlayed"})
_TOMBSTONE: Final = "MarkUnplayed"


class Payload(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    event: object = None
    item: Item | None = None
    series: Item | None = None
    user: Person | None = None
    server: Server | None = None


_decoder: Final = msgspec.json.Decoder(Payload)


def parse(payload: bytes, *, received_at: datetime) -> Outcome:
    """Return what a webhook means; it holds no time, and comes at once."""
    body = decode(_decoder, payload)
    if isinstance(body, Ignored):
        return body
    event = text(body.event) or ""
    if event not in _PLAYS and event != _TOMBSTONE:
        return _HINTS.get(event) or unknown_event(event)
    user, server = body.user or Person(), body.server or Server()
    account = local_account("jellyfin", server=server.id, account=user.id, name=user.name)
    if account is None:
        return Ignored("no user: the plug-in does not say whose play this is (User)")
    title = identify(describe(body.item or Item(), series=body.series), sender="Jellyfin")
    if isinstance(title, Ignored):
        return title
    if event == _TOMBSTONE:
        return Unwatched(account=account, title=title, at=received_at)
    return Watched(account=account, title=title, watched_at=received_at)
