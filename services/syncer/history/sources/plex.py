"""Plex: the JSON part of a server's webhook. Only its event `media.scrobble` (90 % seen) is a play.

https://support.plex.tv/articles/115002267687-webhooks/. Some keys differ only in case (`guid` and `Guid`).
"""

from datetime import datetime
from typing import Final

import msgspec

from services.syncer.history.sources import guids
from services.syncer.history.sources.accounts import plex_account
from services.syncer.history.sources.guids import Guid
from services.syncer.history.sources.ids import valid_ids
from services.syncer.history.sources.outcome import Ignored, Outcome, Watched
from services.syncer.history.sources.payload import decode, unknown_event
from services.syncer.history.sources.titles import LIVE, Description, identify
from shared.leniency import flag, number, text
from shared.schemas.media import Title

SCROBBLE: Final = "media.scrobble"

HINTS: Final = {
    "media.play": Ignored("a hint: playback started"),
    "playback.started": Ignored("a hint: playback started"),
    "media.pause": Ignored("a hint: playback paused"),
    "media.resume": Ignored("a hint: playback resumed"),
    "media.stop": Ignored("a hint: playback stopped"),
    "media.rate": Ignored("a hint: an item was rated"),
    "library.new": Ignored("a hint: an item was added"),
    "library.on.deck": Ignored("a hint: an item is next to watch"),
    "device.new": Ignored("a hint: a device was added"),
    "admin.database.backup": Ignored("a hint: the server backed up its database"),
    "admin.database.corrupted": Ignored("a hint: the server's database is corrupted"),
}

_MILLISECONDS: Final = 1000


class Account(msgspec.Struct, frozen=True):
    """No Plex payload has `userId`: a well-known Tautulli template puts the account's id there."""

    id: object = None
    user_id: object = msgspec.field(name="userId", default=None)
    title: object = None


class Server(msgspec.Struct, frozen=True):
    uuid: object = None


class Metadata(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The item. `guid` may hold what belongs in `Guid`."""

    type: object = None
    title: object = None
    grandparent_title: object = None
    parent_index: object = None
    index: object = None
    year: object = None
    guid: object = None
    guids: object = msgspec.field(name="Guid", default=None)
    grandparent_guid: object = None
    rating_key: object = None
    duration: object = None
    live: object = None


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    event: object = None
    user: object = None
    owner: object = None
    account: Account | None = msgspec.field(name="Account", default=None)
    server: Server | None = msgspec.field(name="Server", default=None)
    metadata: Metadata | None = msgspec.field(name="Metadata", default=None)


_decoder: Final = msgspec.json.Decoder(Payload)


def parse(payload: bytes, *, received_at: datetime) -> Outcome:
    """Return what a webhook of a Plex server means. It comes at once, so a play happened when it was received."""
    body = decode(_decoder, payload)
    if isinstance(body, Ignored):
        return body
    event = text(body.event) or ""
    if event != SCROBBLE:
        return HINTS.get(event) or unknown_event(event)
    title = title_of(body.metadata, sender="Plex")
    if isinstance(title, Ignored):
        return title
    who, server = body.account or Account(), body.server or Server()
    account = plex_account(server=server.uuid, account=who.id, name=who.title, user=body.user, owner=body.owner)
    if account is None:
        return Ignored("no user: Plex does not say whose play this is (Account)")
    return Watched(account=account, title=title, watched_at=received_at)


def title_of(metadata: Metadata | None, *, sender: str) -> Title | Ignored:
    """Return the movie or episode that `Metadata` describes."""
    if metadata is None:
        return Ignored(f"{sender} does not say what was played: there is no Metadata")
    if flag(metadata.live):
        return LIVE
    return identify(_describe(metadata), sender=sender)


def _describe(metadata: Metadata) -> Description:
    is_episode = (text(metadata.type) or "").lower() == "episode"
    own = guids.read_all(metadata.guid, metadata.guids)
    shows = [guid for guid in own if guid.of_show and is_episode]
    items = [guid for guid in own if guid not in shows]
    counted = next((guid for guid in shows if guid.episode is not None), None)
    duration = number(metadata.duration, low=0, high=10**12)
    return Description(
        kind=metadata.type,
        title=metadata.title,
        show=metadata.grandparent_title,
        season=_or(metadata.parent_index, counted.season if counted else None),
        episode=_or(metadata.index, counted.episode if counted else None),
        year=metadata.year,
        ids=valid_ids(_pairs(items)),
        show_ids=valid_ids(_pairs([*shows, *guids.read_all(metadata.grandparent_guid)])),
        item=metadata.rating_key,
        duration_s=duration // _MILLISECONDS if duration else None,
    )


def _or(value: object, otherwise: object) -> object:
    return otherwise if text(value) is None else value


def _pairs(found: list[Guid]) -> list[tuple[str, str]]:
    return [(guid.kind, guid.id) for guid in found]
