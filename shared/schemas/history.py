"""Questions about plays and their answers, between gateway and syncer; the answers are the REST shapes."""

from datetime import datetime
from typing import Literal

import msgspec

from shared.schemas.media import MediaType
from shared.schemas.question import Question

PlaySource = Literal["plex", "jellyfin", "emby", "tautulli", "manual", "trakt"]


class PersonRef(msgspec.Struct, frozen=True):
    """A person, as lists show them."""

    id: str
    name: str


class AccountRef(msgspec.Struct, frozen=True):
    """The account that a play was seen on."""

    source: str
    server: str
    id: str
    name: str


class PlayIds(msgspec.Struct, frozen=True):
    """The first id of each kind."""

    imdb: str | None = None
    tmdb: str | None = None
    tvdb: str | None = None
    plex: str | None = None


class Play(msgspec.Struct, frozen=True, kw_only=True):
    """One viewing of a movie or an episode."""

    id: str
    person: PersonRef | None
    account: AccountRef
    type: MediaType
    title: str
    show: str | None
    season: int | None
    episode: int | None
    year: int | None
    ids: PlayIds
    show_ids: PlayIds
    watched_at: datetime
    source: PlaySource
    server: str


class PlayPage(msgspec.Struct, frozen=True):
    """A page of plays, newest first."""

    items: list[Play]
    total: int
    limit: int
    offset: int


class Count(msgspec.Struct, frozen=True):
    """The number of plays in one bar of a chart."""

    name: str
    plays: int


class PlayStats(msgspec.Struct, frozen=True, kw_only=True):
    """Plays counted several ways. `by_day` are UTC days, oldest first; the others are by count, at most 20 each."""

    total: int
    movies: int
    episodes: int
    unclaimed: int
    watched_s: int
    """Seconds, counting only plays whose running time is known."""
    first_at: datetime | None
    last_at: datetime | None
    by_person: list[Count]
    by_source: list[Count]
    by_day: list[Count]
    top_shows: list[Count]
    top_movies: list[Count]


class ListPlays(Question[PlayPage], service="syncer", tag="history.list", frozen=True, kw_only=True):
    """List plays; `search` looks in titles and shows, `since` is inclusive, `until` is not."""

    person: str | None = None
    type: MediaType | None = None
    since: datetime | None = None
    until: datetime | None = None
    search: str | None = None
    limit: int = 50
    offset: int = 0


class CountPlays(Question[PlayStats], service="syncer", tag="history.stats", frozen=True, kw_only=True):
    """Count plays by person, source, day and title; the filters are those of `ListPlays`."""

    person: str | None = None
    type: MediaType | None = None
    since: datetime | None = None
    until: datetime | None = None
    search: str | None = None
