"""The item of Emby's and Jellyfin's API (`BaseItemDto`), with only the fields that we read."""

from typing import Final

import msgspec

from services.syncer.history.sources.accounts import compact
from services.syncer.history.sources.ids import kind_of, valid_ids
from services.syncer.history.sources.titles import Description
from shared.leniency import number, text
from shared.schemas.media import Ids

TICKS: Final = 10_000_000
"""100 ns each, so many a second."""

_MOST: Final = 100


class Item(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """For an episode, `ProviderIds` and `ProductionYear` are the episode's own."""

    id: object = None
    type: object = None
    name: object = None
    series_name: object = None
    parent_index_number: object = None
    index_number: object = None
    index_number_end: object = None
    production_year: object = None
    premiere_date: object = None
    provider_ids: object = None
    run_time_ticks: object = None
    server_id: object = None


class Person(msgspec.Struct, frozen=True, rename="pascal"):
    id: object = None
    name: object = None


class Server(msgspec.Struct, frozen=True, rename="pascal"):
    id: object = None


def describe(item: Item, *, series: Item | None = None) -> Description:
    """Return the item as a `Description`; `series` is the show, if the sender adds it."""
    return Description(
        kind=item.type,
        title=item.name,
        show=item.series_name or (series.name if series else None),
        season=item.parent_index_number,
        episode=item.index_number,
        episode_end=item.index_number_end,
        year=text(item.production_year) or (text(item.premiere_date) or "")[:4],
        ids=provider_ids(item.provider_ids),
        show_ids=provider_ids(series.provider_ids) if series else Ids(),
        item=compact(item.id),
        duration_s=seconds(item.run_time_ticks),
    )


def provider_ids(named: object) -> Ids:
    """Return the ids of an object such as `{"Imdb": "tt0133093", "TMDB": 603}`; case does not matter."""
    if not isinstance(named, dict):
        return Ids()
    kinds = [(kind_of(str(name)), text(value)) for name, value in list(named.items())[:_MOST]]
    return valid_ids((kind, value) for kind, value in kinds if kind and value)


def seconds(ticks: object) -> int | None:
    """Return ticks as whole seconds."""
    count = number(ticks, low=0, high=10**18)
    return count // TICKS if count else None
