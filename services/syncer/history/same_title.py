"""When two reports name the same title, and what is known of it then."""

import re
import unicodedata
from typing import Final

import msgspec

from shared.schemas.media import Account, Ids, Title

_NOT_WORDS: Final = re.compile(r"[^\w]+")


def episodes_of(title: Title) -> list[Title]:
    """Return the titles that a viewing is a play of: the title itself, or each of several episodes in one file.

    The ids go to the first, because they are the file's to the server. The running time is divided.
    """
    if title.episode is None or title.episode_end is None:
        return [title]
    numbers = range(title.episode, title.episode_end + 1)
    duration = title.duration_s and max(title.duration_s // len(numbers), 1)
    first = msgspec.structs.replace(title, episode_end=None, duration_s=duration)
    return [first, *(_other_episode(first, number) for number in numbers[1:])]


def keys_of(title: Title, *, account: Account) -> list[str]:
    """Return the keys that identify a title: two reports with a key in common name the same title."""
    keys = [f"{title.type}:{kind}:{value}" for kind, value in _pairs(title.ids)]
    if title.item is not None:
        keys.append(f"item:{account.source}:{account.server}:{title.item}")
    if title.type == "movie":
        keys.append(f"title:{_normalize(title.title)}:{title.year or ''}")
    elif title.episode is not None:
        number = f"{'' if title.season is None else title.season}:{title.episode}"
        keys += [f"show:{kind}:{value}:{number}" for kind, value in _pairs(title.show_ids)]
        if title.show is not None:
            keys.append(f"show-title:{_normalize(title.show)}:{number}")
    return keys


def is_same_title(one: Title, other: Title, *, account: Account, other_account: Account) -> bool:
    """Say whether two reports name the same title: they share a key, and no kind of id contradicts."""
    if one.type != other.type or _disagree(one.ids, other.ids):
        return False
    return not set(keys_of(one, account=account)).isdisjoint(keys_of(other, account=other_account))


def merge_titles(title: Title, other: Title) -> Title:
    """Return a title with ids and details of another report where it had none."""
    return msgspec.structs.replace(
        title,
        ids=_merge_ids(title.ids, other.ids),
        show_ids=_merge_ids(title.show_ids, other.show_ids),
        year=title.year or other.year,
        duration_s=title.duration_s or other.duration_s,
        show=title.show or other.show,
        item=title.item or other.item,
        season=title.season if title.season is not None else other.season,
        episode=title.episode if title.episode is not None else other.episode,
    )


def _other_episode(first: Title, number: int) -> Title:
    """Return another episode of a file whose ids belong to the first; a numbered title gets the new number."""
    is_numbered = first.title == f"Episode {first.episode}"
    name = f"Episode {number}" if is_numbered else first.title
    return msgspec.structs.replace(first, title=name, episode=number, ids=Ids(), item=None)


def _merge_ids(one: Ids, other: Ids) -> Ids:
    """Return the ids of both, those of the first one before, each once."""
    return Ids(
        **{name: tuple(dict.fromkeys((*getattr(one, name), *getattr(other, name)))) for name in Ids.__struct_fields__}
    )


def _pairs(ids: Ids) -> list[tuple[str, str]]:
    return [(name, value) for name in Ids.__struct_fields__ for value in getattr(ids, name)]


def _disagree(one: Ids, other: Ids) -> bool:
    kinds = ((getattr(one, name), getattr(other, name)) for name in Ids.__struct_fields__)
    return any(mine and theirs and set(mine).isdisjoint(theirs) for mine, theirs in kinds)


def _normalize(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).casefold()
    return _NOT_WORDS.sub(" ", "".join(char for char in folded if not unicodedata.combining(char))).strip()
