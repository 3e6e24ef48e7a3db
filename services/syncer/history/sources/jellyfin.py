"""Jellyfin: its official webhook plug-in, and the shemanaev plug-in in both of its formats.

The official one sends all properties as JSON, or the result of a hand-written template: texts for numbers and booleans,
"" for nothing, HTML entities in texts. A template may also imitate Plex. State changes are a stop at the end, the
toggle of "played", and data saved after a playback that reached the end.

A `PlaybackStop` without `PlayedToCompletion` is a hint, even if it says `Played`: it also says so when somebody looks
into a movie again. https://github.com/jellyfin/jellyfin-plugin-webhook
"""

from datetime import datetime
from typing import Final

import msgspec

from services.syncer.history.sources import entities, plex, shemanaev
from services.syncer.history.sources.accounts import compact, local_account
from services.syncer.history.sources.mediabrowser import provider_ids, seconds
from services.syncer.history.sources.moments import happened_at, plausible
from services.syncer.history.sources.outcome import Ignored, Outcome, Unwatched, Watched
from services.syncer.history.sources.payload import decode, unknown_event
from services.syncer.history.sources.titles import Description, identify
from shared.leniency import flag, text
from shared.schemas.media import Account, Ids, Title

_PROVIDER: Final = "provider_"
_MOST_PROVIDERS: Final = 100

_HINTS: Final = {
    "PlaybackStart": Ignored("a hint: playback started"),
    "PlaybackProgress": Ignored("a hint: playback goes on"),
    "ItemAdded": Ignored("a hint: an item was added"),
    "ItemDeleted": Ignored("a hint: an item was removed"),
    "GenericUpdateNotification": Ignored("a test: it arrived"),
    "Generic": Ignored("a test: it arrived"),
    "AuthenticationSuccess": Ignored("a hint: somebody signed in"),
    "AuthenticationFailure": Ignored("a hint: somebody failed to sign in"),
    "SessionStart": Ignored("a hint: a session started"),
    "PendingRestart": Ignored("a hint: the server wants a restart"),
    "TaskCompleted": Ignored("a hint: a task of the server is done"),
    "SubtitleDownloadFailure": Ignored("a hint: subtitles could not be downloaded"),
}
_ABOUT: Final = {
    "Plugin": Ignored("a hint: something about a plug-in"),
    "User": Ignored("a hint: something about an account"),
}


class Payload(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """The official plug-in's keys, and the two that tell it from the other plug-in."""

    notification_type: object = None
    event: object = None
    plex_event: object = msgspec.field(name="event", default=None)
    save_reason: object = None
    played: object = None
    played_to_completion: object = None
    server_id: object = None
    user_id: object = None
    notification_username: object = None
    item_id: object = None
    item_type: object = None
    name: object = None
    series_name: object = None
    season_number: object = None
    episode_number: object = None
    episode_number_end: object = None
    year: object = None
    run_time_ticks: object = None
    utc_timestamp: object = None
    last_played_date: object = None


_decoder: Final = msgspec.json.Decoder(Payload)
_keys: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_value: Final = msgspec.json.Decoder(object)
_imitation: Final = msgspec.json.Decoder(plex.Payload)


def parse(payload: bytes, *, received_at: datetime) -> Outcome:
    """Return what a webhook of a Jellyfin server means, whichever plug-in sent it."""
    body = decode(_decoder, payload)
    if isinstance(body, Ignored):
        return body
    event = text(body.notification_type)
    if event:
        return _official(_as_meant(body), event, payload, received_at)
    if text(body.event):
        return shemanaev.parse(payload, received_at=received_at)
    return _like_plex(payload, received_at)


def _as_meant(body: Payload) -> Payload:
    """Return a body with the server's texts, whether it has all properties or comes from a template."""
    return entities.read(
        body,
        body.played,
        body.played_to_completion,
        body.run_time_ticks,
        body.year,
        body.season_number,
        body.episode_number,
        body.episode_number_end,
    )


def _official(body: Payload, event: str, payload: bytes, received_at: datetime) -> Outcome:
    match event:
        case "PlaybackStop":
            return _parse_stop(body, payload, received_at)
        case "UserDataSaved":
            return _parse_saved(body, payload, received_at)
        case _:
            about = next((hint for start, hint in _ABOUT.items() if event.startswith(start)), None)
            return _HINTS.get(event) or about or unknown_event(event)


def _parse_stop(body: Payload, payload: bytes, received_at: datetime) -> Outcome:
    match flag(body.played_to_completion):
        case True:
            return _play(body, payload, _reported_at(body, received_at))
        case False:
            return Ignored("a hint: playback stopped before the end")
        case _:
            return Ignored("a hint: playback stopped, and it does not say whether at the end (PlayedToCompletion)")


def _parse_saved(body: Payload, payload: bytes, received_at: datetime) -> Outcome:
    """Return the meaning of saved data. `LastPlayedDate` is the begin of the last viewing, so a finished one ends now.

    https://github.com/jellyfin/jellyfin/issues/11186
    """
    reason = text(body.save_reason, limit=50)
    reported_at = _reported_at(body, received_at)
    began_at = plausible(body.last_played_date, received_at=received_at)
    match reason, flag(body.played):
        case "PlaybackFinished", True:
            return _play(body, payload, reported_at, began_at=began_at)
        case "TogglePlayed", True:
            return _play(body, payload, began_at or reported_at, began_at=began_at, reported_at=reported_at)
        case "TogglePlayed", False:
            return _tombstone(body, payload, reported_at)
        case "TogglePlayed", None:
            return Ignored("it does not say whether it was marked as played or as not played (Played)")
        case _:
            return Ignored(f"a hint: the user's data of an item was saved ({reason or 'it does not say why'})")


def _reported_at(body: Payload, received_at: datetime) -> datetime:
    return happened_at(body.utc_timestamp, received_at=received_at)


def _play(
    body: Payload,
    payload: bytes,
    when: datetime,
    *,
    began_at: datetime | None = None,
    reported_at: datetime | None = None,
) -> Outcome:
    found = _account_and_title(body, payload)
    if isinstance(found, Ignored):
        return found
    account, title = found
    return Watched(
        account=account,
        title=title,
        watched_at=when,
        began_at=began_at if began_at and began_at <= when else None,
        reported_at=reported_at if reported_at and reported_at > when else None,
    )


def _tombstone(body: Payload, payload: bytes, when: datetime) -> Outcome:
    found = _account_and_title(body, payload)
    if isinstance(found, Ignored):
        return found
    account, title = found
    return Unwatched(account=account, title=title, at=when)


def _account_and_title(body: Payload, payload: bytes) -> tuple[Account, Title] | Ignored:
    account = local_account("jellyfin", server=body.server_id, account=body.user_id, name=body.notification_username)
    if account is None:
        return Ignored("no user: the template sends neither UserId nor NotificationUsername")
    seen = Description(
        kind=body.item_type,
        title=body.name,
        show=body.series_name,
        season=body.season_number,
        episode=body.episode_number,
        episode_end=body.episode_number_end,
        year=body.year,
        ids=_ids(payload),
        item=compact(body.item_id),
        duration_s=seconds(body.run_time_ticks),
    )
    title = identify(seen, sender="Jellyfin")
    return title if isinstance(title, Ignored) else (account, title)


def _ids(payload: bytes) -> Ids:
    """Return the ids under `Provider_imdb`, `provider_Imdb` and so on; for an episode they are its own."""
    keys = decode(_keys, payload)
    if isinstance(keys, Ignored):
        return Ids()
    found = [(name[len(_PROVIDER) :], raw) for name, raw in keys.items() if name[: len(_PROVIDER)].lower() == _PROVIDER]
    return provider_ids({name: decode(_value, bytes(raw)) for name, raw in found[:_MOST_PROVIDERS]})


def _like_plex(payload: bytes, received_at: datetime) -> Outcome:
    """Read the shemanaev plug-in's imitation of Plex, where `owner` means an administrator and `user` nothing."""
    body = decode(_imitation, payload)
    if isinstance(body, Ignored):
        return body
    item = body.metadata or plex.Metadata()
    body = entities.read(body, body.user, body.owner, item.year, item.parent_index, item.index, item.duration)
    event = text(body.event) or ""
    if event != plex.SCROBBLE:
        return plex.HINTS.get(event) or unknown_event(event)
    who, server = body.account or plex.Account(), body.server or plex.Server()
    account = local_account("jellyfin", server=server.uuid, account=who.id, name=who.title)
    if account is None:
        return Ignored("no user: the plug-in does not say whose play this is (Account)")
    title = plex.title_of(body.metadata, sender="Jellyfin")
    if isinstance(title, Ignored):
        return title
    in_its_own_unit = msgspec.structs.replace(title, duration_s=None)
    return Watched(account=account, title=in_its_own_unit, watched_at=received_at)
