"""Titles and accounts as every service speaks of them."""

from typing import Literal

import msgspec

MediaType = Literal["movie", "episode"]
Provider = Literal["plex", "jellyfin", "emby", "seerr", "tautulli", "trakt", "discord", "usher"]


class Ids(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a title is called elsewhere. A source can name several ids of one kind, and all are kept, in its order."""

    imdb: tuple[str, ...] = ()
    tmdb: tuple[str, ...] = ()
    tvdb: tuple[str, ...] = ()
    plex: tuple[str, ...] = ()
    """The last part of `plex://movie/<hex>`: Plex's own id, the same on all servers."""
    anidb: tuple[str, ...] = ()
    mal: tuple[str, ...] = ()


class Account(msgspec.Struct, frozen=True):
    """A user of one system as a sender names him. Not a person: linker says whose account it is.

    `server` is the sender's machine id (empty where it gives none), `id` its account id, or the name where it sends
    no id; see `services.syncer.history.sources` for the quirks that are straightened before this exists.
    """

    source: Provider
    server: str
    id: str
    name: str
    is_owner: bool = False
    """The sender says that this account owns the server."""


class Title(msgspec.Struct, frozen=True, kw_only=True):
    """A movie or an episode, or the episodes of one file, from `episode` to `episode_end`.

    Of several episodes, `ids`, `title` and `duration_s` are the file's, which is to a server the first of them. `year`
    of an episode is as the sender gives it: of the episode or of the show.
    """

    type: MediaType
    title: str
    show: str | None = None
    season: int | None = None
    episode: int | None = None
    episode_end: int | None = None
    """The last one, where there are several."""
    year: int | None = None
    ids: Ids = Ids()
    show_ids: Ids = Ids()
    item: str | None = None
    """The sender's own id of the item (Plex ratingKey, Jellyfin ItemId)."""
    duration_s: int | None = None
