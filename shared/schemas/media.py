"""Titles and accounts, as all services use them."""

from typing import Literal

import msgspec

MediaType = Literal["movie", "episode"]
Provider = Literal["plex", "jellyfin", "emby", "seerr", "tautulli", "trakt", "discord", "usher"]


class Ids(msgspec.Struct, frozen=True, omit_defaults=True):
    """A title's ids in other catalogues. A source may name several of one kind; all are kept, in its order."""

    imdb: tuple[str, ...] = ()
    tmdb: tuple[str, ...] = ()
    tvdb: tuple[str, ...] = ()
    plex: tuple[str, ...] = ()
    """The last part of `plex://movie/<hex>`: Plex's own id, the same on all servers."""
    anidb: tuple[str, ...] = ()
    mal: tuple[str, ...] = ()


class Account(msgspec.Struct, frozen=True):
    """A user of one system, as a sender names them. Not a person: the linker knows whose account it is.

    `server` is the sender's machine id (empty if it sends none), `id` its account id, or the name if it sends no id.
    `services.syncer.history.sources` removes the senders' quirks first.
    """

    source: Provider
    server: str
    id: str
    name: str
    is_owner: bool = False
    """The sender says that this account owns the server."""


class Title(msgspec.Struct, frozen=True, kw_only=True):
    """A movie or an episode, or the episodes of one file, from `episode` to `episode_end`.

    For several episodes, `ids`, `title` and `duration_s` are the file's, which a server treats as the first of them. An
    episode's `year` is the sender's: of the episode or of the show.
    """

    type: MediaType
    title: str
    show: str | None = None
    season: int | None = None
    episode: int | None = None
    episode_end: int | None = None
    """The last episode, if there are several."""
    year: int | None = None
    ids: Ids = Ids()
    show_ids: Ids = Ids()
    item: str | None = None
    """The sender's own id of the item (Plex ratingKey, Jellyfin ItemId)."""
    duration_s: int | None = None
