"""When two reports are the same viewing, and so one play: of one feeder twice, or of two feeders."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.syncer.history.same_title import is_same_title, keys_of, merge_titles
from shared.schemas.media import Account, Title

SAME_FEEDER_LEAST: Final = timedelta(minutes=10)
SAME_FEEDER_UNKNOWN: Final = timedelta(minutes=20)
SAME_FEEDER_SHARE: Final = 0.8
REST_SHARE: Final = 0.25
"""How much of a running time can be left: servers call 90 % watched, and that can be set lower."""
OTHER_FEEDER_LEAST: Final = timedelta(hours=2)
SAME_MOMENT: Final = timedelta(minutes=1)
"""How far apart two simultaneous events of a server can be."""
WIDEST: Final = timedelta(hours=12)
"""Reports further apart than this are never one viewing, whatever the running time."""


class Viewing(msgspec.Struct, frozen=True, kw_only=True):
    """A viewing that is or may be stored: who reported it (`feeder`, `feeder_server`), whose account, what and when."""

    id: str
    feeder: str
    feeder_server: str
    account: Account
    title: Title
    watched_at: datetime
    began_at: datetime | None = None
    """When it began, if the sender says so."""
    reported_at: datetime | None = None
    """When the sender spoke, where that is later than `watched_at`: by then no other viewing of it had begun."""

    @property
    def has_end(self) -> bool:
        """Return whether `watched_at` is the end, and not the begin because nothing better is known."""
        return self.watched_at != self.began_at


class Duplicates(msgspec.Struct, frozen=True):
    """Several reports of one viewing: the play to keep, with what all of them say, and the ids of the rest."""

    kept: Viewing
    removed: tuple[str, ...]


def is_same_viewing(one: Viewing, other: Viewing) -> bool:
    """Say whether two reports are the same viewing.

    Two feeders (a server and Tautulli, a webhook and a sweep) may report one viewing a running time apart, at least two
    hours. One feeder reports it twice only within a short time (the stop and the saved state; a scrobble again after
    the credits); further apart it is a rewatch. If the begin of a viewing is known, that counts more than the distance.
    """
    first, second = sorted((one, other), key=lambda each: each.watched_at)
    is_one = _same_by_begin(first, second) if _are_of_one_account(one, other) else None
    if is_one is None:
        is_one = second.watched_at - first.watched_at <= window(one, other)
    return is_one and is_same_title(one.title, other.title, account=one.account, other_account=other.account)


def _are_of_one_account(one: Viewing, other: Viewing) -> bool:
    """Say whether the begins in both reports are comparable: servers keep them for each account."""
    mine, theirs = one.account, other.account
    return one.feeder == other.feeder and (mine.source, mine.server, mine.id) == (
        theirs.source,
        theirs.server,
        theirs.id,
    )


def _same_by_begin(first: Viewing, second: Viewing) -> bool | None:
    """Say what the begins of two reports, ordered by time, prove; None if nothing.

    A server reports the begin of the last viewing. So whatever ended between that begin and the report was this
    viewing, however long it was paused. Whatever ended before that begin was another one, unless the second is so short
    that it may be the rest of the first.
    """
    is_near = second.watched_at - first.watched_at <= WIDEST
    match first.began_at, second.began_at:
        case datetime() as one, datetime() as other if abs(one - other) <= SAME_MOMENT:
            return is_near or not (first.has_end and second.has_end)
        case datetime(), _ if not first.has_end and second.watched_at <= _reported_at(first) + SAME_MOMENT:
            return True if is_near else None
        case None, datetime() as begin if begin + SAME_MOMENT < first.watched_at:
            return True if is_near else None
        case _, datetime() as begin if first.watched_at <= begin + SAME_MOMENT:
            return False if second.watched_at - begin > _longest_rest(first, second) else None
        case _:
            return None


def _reported_at(viewing: Viewing) -> datetime:
    return viewing.reported_at or viewing.watched_at


def _longest_rest(one: Viewing, other: Viewing) -> timedelta:
    """Return how long the rest of a title can take that a server has already called watched."""
    duration = _duration(one, other)
    return SAME_FEEDER_LEAST if duration is None else duration * REST_SHARE


def _duration(one: Viewing, other: Viewing) -> timedelta | None:
    known = one.title.duration_s or other.title.duration_s
    return timedelta(seconds=known) if known else None


def merge_reports(known: Viewing, report: Viewing) -> Viewing:
    """Return a viewing completed by another report of it."""
    title = merge_titles(known.title, report.title)
    if not _are_of_one_account(known, report):
        return msgspec.structs.replace(known, title=title)
    return msgspec.structs.replace(
        known,
        title=title,
        watched_at=report.watched_at if report.has_end and not known.has_end else known.watched_at,
        began_at=known.began_at or report.began_at,
        reported_at=max(filter(None, (known.reported_at, report.reported_at)), default=None),
    )


def find_duplicates(viewings: Iterable[Viewing]) -> list[Duplicates]:
    """Return the duplicates among viewings in the order of storing, by the rules that apply when one is stored."""
    kept: dict[str, Viewing] = {}
    removed: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    with_key: defaultdict[str, set[str]] = defaultdict(set)
    for viewing in viewings:
        keys = keys_of(viewing.title, account=viewing.account)
        alike = [kept[one] for one in {one for key in keys for one in with_key[key]}]
        known = next(_reports_of_same_viewing(alike, viewing), None)
        if known is None:
            kept[viewing.id] = viewing
        else:
            removed[known.id] += (viewing.id,)
            kept[known.id] = merge_reports(known, viewing)
        stays = kept[known.id if known else viewing.id]
        for key in keys_of(stays.title, account=stays.account):
            with_key[key].add(stays.id)
    return [Duplicates(kept[one], others) for one, others in removed.items()]


def duplicates_of(near: Iterable[Viewing], report: Viewing) -> Duplicates | None:
    """Return the play that a report repeats, with the report's details; None for a new viewing.

    If only this report shows that two plays are one, they are merged too, as is the report itself if it was stored
    before.
    """
    same = list(_reports_of_same_viewing(near, report))
    if not same:
        return None
    kept, removed = merge_reports(same[0], report), [report.id]
    for other in same[1:]:
        if is_same_viewing(kept, other):
            kept = merge_reports(kept, other)
            removed.append(other.id)
    return Duplicates(kept, tuple(removed))


def _reports_of_same_viewing(known: Iterable[Viewing], report: Viewing) -> Iterator[Viewing]:
    """Yield the viewings that a report repeats, nearest in time first."""
    by_time = sorted(known, key=lambda one: (abs(one.watched_at - report.watched_at), one.watched_at, one.id))
    return (one for one in by_time if one.id != report.id and is_same_viewing(one, report))


def window(one: Viewing, other: Viewing) -> timedelta:
    """Return how far apart two reports of one viewing can be."""
    duration = _duration(one, other)
    if one.feeder != other.feeder:
        return min(max(duration or OTHER_FEEDER_LEAST, OTHER_FEEDER_LEAST), WIDEST)
    if duration is None:
        return SAME_FEEDER_UNKNOWN
    return min(max(duration * SAME_FEEDER_SHARE, SAME_FEEDER_LEAST), WIDEST)
