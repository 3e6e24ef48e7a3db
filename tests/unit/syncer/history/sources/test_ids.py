"""Ids are believed only if they look like ids, and all of a kind are kept."""

import pytest

from services.syncer.history.sources.ids import clean_id, kind_of, valid_ids
from services.syncer.history.sources.mediabrowser import provider_ids
from shared.schemas.media import Ids


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("imdb", "tt0133093", "tt0133093"),
        ("imdb", "TT0133093", "tt0133093"),
        ("imdb", "0133093", None),
        ("imdb", "tt", None),
        ("imdb", "tt" + "1" * 13, None),
        ("imdb", "nm0000206", None),
        ("tmdb", " 603 ", "603"),
        ("tmdb", "000603", "603"),
        ("tmdb", "0", None),
        ("tmdb", "-603", None),
        ("tmdb", "603-the-matrix", None),
        ("tmdb", "\u0666\u0660\u0663", None),
        ("tmdb", "1" * 13, None),
        ("tvdb", "81189", "81189"),
        ("tvdb", "tt81189", None),
        ("plex", "5D7768273C3C2A001FBCB51B", "5d7768273c3c2a001fbcb51b"),
        ("plex", "12345", None),
        ("plex", "../../etc", None),
        ("anidb", "17494", "17494"),
        ("mal", "x", None),
    ],
)
def test_an_id_has_one_spelling_or_is_none(kind: str, value: str, expected: str | None) -> None:
    assert clean_id(kind, value) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("IMDB", "imdb"), ("Tmdb", "tmdb"), ("AniDB", "anidb"), ("MyAnimeList", "mal"), ("TvRage", None), ("", None)],
)
def test_a_kind_is_known_in_any_case(name: str, expected: str | None) -> None:
    assert kind_of(name) == expected


def test_several_ids_of_one_kind_stay_in_their_order_each_once() -> None:
    ids = valid_ids([("imdb", "tt2"), ("tmdb", "603"), ("imdb", "tt1"), ("imdb", "tt2"), ("tmdb", "x")])

    assert ids == Ids(imdb=("tt2", "tt1"), tmdb=("603",))


def test_twenty_ids_of_a_kind_are_enough() -> None:
    assert len(valid_ids([("tmdb", str(number)) for number in range(1, 1000)]).tmdb) == 20


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({"Imdb": "tt1", "Tmdb": "603", "Tvdb": "5"}, Ids(imdb=("tt1",), tmdb=("603",), tvdb=("5",))),
        ({"IMDB": "tt1", "tmdb": 603}, Ids(imdb=("tt1",), tmdb=("603",))),
        ({"Imdb": "", "Tmdb": None, "EIDR": "10.5240/16B9", "Official Website": "https://x"}, Ids()),
        ({"Imdb": ["tt1"]}, Ids()),
        (["tt1"], Ids()),
        ("tt1", Ids()),
        (None, Ids()),
    ],
)
def test_provider_ids_are_read_in_any_case(named: object, expected: Ids) -> None:
    assert provider_ids(named) == expected
