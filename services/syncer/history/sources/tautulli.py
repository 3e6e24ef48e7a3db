"""Tautulli: the JSON that somebody typed into its webhook agent; docs/webhooks.md has ours.

Values are texts. What Tautulli could not fill in stays `{like_this}`, is empty, or, in a well-known template, is
"undefined". Besides our template we read the shape of Plex's own webhook, which several programs recommend. For an
episode, `{imdb_id}`, `{thetvdb_id}` and `{themoviedb_id}` are its show's; `{user_id}` is the account's id at plex.tv.
"""

import re
from datetime import datetime
from typing import Final

import msgspec

from services.syncer.history.sources import plex
from services.syncer.history.sources.accounts import plex_account
from services.syncer.history.sources.moments import happened_at
from services.syncer.history.sources.outcome import Ignored, Outcome, Watched
from services.syncer.history.sources.payload import convert, decode, unknown_event
from shared.leniency import number, text
from shared.schemas.media import Account

_PLACEHOLDER: Final = re.compile(r"\s*(?:\{[^{}]*\}|undefined)\s*")

_PLAYS: Final = frozenset({"watched", "scrobble", "media.watched", "media.scrobble"})
_ABOUT_SERVERS: Final = (
    "intdown",
    "intup",
    "extdown",
    "extup",
    "pmsupdate",
    "plexpyupdate",
    "plexpydbcorrupt",
    "tokenexpired",
)
_STARTED: Final = Ignored("a hint: playback started")
_HINTS: Final = {
    **plex.HINTS,
    "play": _STARTED,
    "playback.start": _STARTED,
    "playback.started": _STARTED,
    "pause": Ignored("a hint: playback paused"),
    "resume": Ignored("a hint: playback resumed"),
    "stop": Ignored("a hint: playback stopped"),
    "created": Ignored("a hint: an item was added"),
    "change": Ignored("a hint: the transcoding changed"),
    "buffer": Ignored("a hint: playback waits for data"),
    "error": Ignored("a hint: playback failed"),
    "intro": Ignored("a hint: the intro began"),
    "commercial": Ignored("a hint: a commercial began"),
    "credits": Ignored("a hint: the credits began"),
    "concurrent": Ignored("a hint: one user plays several things at once"),
    "newdevice": Ignored("a hint: a device was added"),
    "test": Ignored("a test: it arrived"),
    **dict.fromkeys(_ABOUT_SERVERS, Ignored("a hint: something about a server")),
}

_MINUTE: Final = 60_000
_SECOND: Final = 1000
_LONGEST: Final = 10**12


class Payload(plex.Payload, frozen=True, kw_only=True):
    """The keys of our template, other names that people use for them, and Plex's shape."""

    action: object = None
    notification_type: object = None
    media_type: object = None
    title: object = None
    episode_name: object = None
    show_name: object = None
    season_num: object = None
    episode_num: object = None
    year: object = None
    guid: object = None
    imdb_id: object = None
    themoviedb_id: object = None
    thetvdb_id: object = None
    rating_key: object = None
    live: object = None
    duration: object = None
    duration_sec: object = None
    duration_ms: object = None
    username: object = None
    user_id: object = None
    server_id: object = None
    server_machine_id: object = None
    utctime: object = None
    unixtime: object = None
    timestamp: object = None


_decoder: Final = msgspec.json.Decoder(dict[str, object])


def parse(payload: bytes, *, received_at: datetime) -> Outcome:
    """Return what a webhook of Tautulli means."""
    tree = decode(_decoder, payload)
    if isinstance(tree, Ignored):
        return tree
    body = convert({key: _filled_in(value) for key, value in tree.items()}, Payload)
    if isinstance(body, Ignored):
        return body
    event = text(body.event) or text(body.action) or text(body.notification_type)
    word = (event or "").lower().replace(" ", ".")
    if word in _PLAYS:
        return _play(body, received_at)
    if any("{" in (text(tree.get(key)) or "") for key in ("event", "action", "notification_type")):
        return Ignored("a template: Tautulli did not fill in its placeholders", known=False)
    return _HINTS.get(word) or unknown_event(event)


def _filled_in(value: object) -> object:
    """Return a value without placeholders, also inside an object."""
    match value:
        case dict():
            return {key: None if _is_placeholder(inner) else inner for key, inner in value.items()}
        case _:
            return None if _is_placeholder(value) else value


def _is_placeholder(value: object) -> bool:
    return isinstance(value, str) and _PLACEHOLDER.fullmatch(value) is not None


def _play(body: Payload, received_at: datetime) -> Outcome:
    title = plex.title_of(body.metadata or _metadata(body), sender="Tautulli")
    if isinstance(title, Ignored):
        return title
    account = _account(body)
    if account is None:
        return Ignored("no user: the template sends neither user_id nor user")
    return Watched(
        account=account,
        title=title,
        watched_at=happened_at(body.utctime, body.unixtime, body.timestamp, received_at=received_at),
    )


def _account(body: Payload) -> Account | None:
    """Return the Plex account. Tautulli does not say who owns the server."""
    who, server = body.account or plex.Account(), body.server or plex.Server()
    return plex_account(
        server=_first(body.server_id, body.server_machine_id, server.uuid),
        account=_first(body.user_id, who.user_id, who.id),
        name=_first(body.username, body.user, who.title),
        user=False,
        owner=False,
    )


def _metadata(body: Payload) -> plex.Metadata:
    """Return the values of a flat template under Plex's names."""
    named = {"imdb": body.imdb_id, "tmdb": body.themoviedb_id, "tvdb": body.thetvdb_id}
    ids = [f"{kind}://{text(value)}" for kind, value in named.items() if text(value)]
    is_episode = text(body.media_type) == "episode"
    return plex.Metadata(
        type=body.media_type,
        title=_first(body.episode_name, body.title) if is_episode else body.title,
        grandparent_title=body.show_name,
        parent_index=body.season_num,
        index=body.episode_num,
        year=body.year,
        guid=body.guid,
        guids=None if is_episode else ids,
        grandparent_guid=ids if is_episode else None,
        rating_key=body.rating_key,
        duration=_milliseconds(body),
        live=body.live,
    )


def _milliseconds(body: Payload) -> int | None:
    """Return the running time, which Tautulli has in three units; `{duration}` is in minutes."""
    units = ((body.duration_ms, 1), (body.duration_sec, _SECOND), (body.duration, _MINUTE))
    counted = ((number(value, low=1, high=_LONGEST), unit) for value, unit in units)
    return next((count * unit for count, unit in counted if count), None)


def _first(*values: object) -> object:
    return next((value for value in values if text(value) is not None), None)
