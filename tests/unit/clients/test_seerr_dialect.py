"""Which Seerr answers, and what its users' settings look like."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clients.seerr.dialect import Dialect, dialect_of
from shared.clients.seerr.settings import discord_ids, with_discord_id, without_discord_id, writable


@pytest.mark.parametrize(
    ("version", "names_media_server", "dialect"),
    [
        ("1.33.2", False, Dialect.OVERSEERR),
        ("1.34.0", False, Dialect.OVERSEERR),
        ("0.1.0", False, Dialect.OVERSEERR),
        ("v1.33.2", False, Dialect.OVERSEERR),
        ("develop-46a9b244", False, Dialect.OVERSEERR),
        ("local", False, Dialect.OVERSEERR),
        ("1.9.2", True, Dialect.JELLYSEERR),
        ("2.0.0", True, Dialect.JELLYSEERR),
        ("2.7.3", True, Dialect.JELLYSEERR),
        ("2.7.3", False, Dialect.JELLYSEERR),
        ("3.0.0", True, Dialect.SEERR),
        ("3.1.0", True, Dialect.SEERR),
        ("3.1.0-beta.1", True, Dialect.SEERR),
        ("3.2.9+build", True, Dialect.SEERR),
        ("3.0.1", False, Dialect.SEERR),
        ("3.3.0", True, Dialect.SEERR_3_3),
        ("v3.3.0", True, Dialect.SEERR_3_3),
        ("3.10.0", True, Dialect.SEERR_3_3),
        ("4.0.0", True, Dialect.SEERR_3_3),
        ("11.0", True, Dialect.SEERR_3_3),
        (" 3.3.0\n", True, Dialect.SEERR_3_3),
        ("develop-f74306ed", True, Dialect.SEERR_3_3),
        ("", True, Dialect.SEERR_3_3),
        ("3", True, Dialect.SEERR_3_3),
        ("3.x", True, Dialect.SEERR_3_3),
        ("\u0663.\u0661", True, Dialect.SEERR_3_3),
    ],
)
def test_a_version_speaks_a_dialect(version: str, dialect: Dialect, *, names_media_server: bool) -> None:
    assert dialect_of(version, names_media_server=names_media_server) is dialect


@given(st.text(), st.booleans())
def test_every_version_speaks_some_dialect(version: str, named: bool) -> None:  # noqa: FBT001
    assert dialect_of(version, names_media_server=named) in Dialect


@pytest.mark.parametrize(
    ("settings", "ids"),
    [
        ({}, ()),
        ({"discordId": None}, ()),
        ({"discordId": ""}, ()),
        ({"discordId": "42"}, ("42",)),
        ({"discordId": 42}, ("42",)),
        ({"discordIds": []}, ()),
        ({"discordIds": ["42", "43", None, ""]}, ("42", "43")),
        ({"discordIds": ["42"], "discordId": "1"}, ("42",)),
    ],
)
def test_discord_ids_are_read_in_every_dialect(settings: dict[str, Any], ids: tuple[str, ...]) -> None:
    assert discord_ids(settings) == ids


@pytest.mark.parametrize(
    ("settings", "dialect", "written"),
    [
        ({}, Dialect.OVERSEERR, {"discordId": "42"}),
        ({}, Dialect.JELLYSEERR, {"discordId": "42"}),
        ({}, Dialect.SEERR, {"discordId": "42"}),
        ({}, Dialect.SEERR_3_3, {"discordIds": ["42"]}),
        ({"discordId": "1"}, Dialect.SEERR, {"discordId": "42"}),
        ({"discordIds": ["1"]}, Dialect.SEERR_3_3, {"discordIds": ["1", "42"]}),
        ({"discordIds": ["42", "1"]}, Dialect.SEERR_3_3, {"discordIds": ["42", "1"]}),
        # a build between releases, taken for another version: the actual fields decide
        ({"discordId": "1"}, Dialect.SEERR_3_3, {"discordId": "42"}),
        ({"discordIds": []}, Dialect.SEERR, {"discordIds": ["42"]}),
    ],
)
def test_a_discord_id_is_written_in_the_dialects_field(
    settings: dict[str, Any], dialect: Dialect, written: dict[str, Any]
) -> None:
    assert with_discord_id({**settings, "pgpKey": "k"}, "42", dialect=dialect) == {**written, "pgpKey": "k"}


@pytest.mark.parametrize(
    ("settings", "written"),
    [
        ({"discordId": "42"}, {"discordId": ""}),
        ({"discordId": "1"}, {"discordId": "1"}),
        ({}, {}),
        ({"discordIds": ["1", "42"]}, {"discordIds": ["1"]}),
        ({"discordIds": ["1"]}, {"discordIds": ["1"]}),
    ],
)
def test_only_the_persons_own_discord_id_is_taken_out(settings: dict[str, Any], written: dict[str, Any]) -> None:
    assert without_discord_id(settings, "42", dialect=Dialect.SEERR) == written


def test_what_is_newer_than_this_is_kept_and_what_is_not_the_users_is_left_out() -> None:
    settings = {
        "emailEnabled": True,
        "telegramBotUsername": "b",
        "globalTvQuotaDays": 7,
        "ntfyTopic": "t",
        "locale": None,
    }

    assert writable(settings) == {"ntfyTopic": "t", "locale": None}
