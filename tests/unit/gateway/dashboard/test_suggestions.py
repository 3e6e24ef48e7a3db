"""Whose an account may be: who has its name, the likeliest first."""

from datetime import UTC, datetime

import pytest

from services.gateway.dashboard.suggestions import suggestions_of
from shared.schemas.media import Provider
from shared.schemas.people import Identity, Person, UnclaimedAccount

AT = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)


def account(name: str) -> UnclaimedAccount:
    return UnclaimedAccount(source="jellyfin", server="s", account_id="7", account_name=name, plays=1, last_seen_at=AT)


def person(name: str, *usernames: str, email: str | None = None, provider: Provider = "plex") -> Person:
    identities = [
        Identity(provider=provider, id=each, username=each, email=email, proven=True, linked_at=AT)
        for each in usernames
    ]
    return Person(id=name, name=name, identities=identities, seerr_user_id=None)


@pytest.mark.parametrize(
    ("name", "somebody", "because"),
    [
        ("ada", person("Ada"), ("name", "Ada", "")),
        ("ada.lovelace", person("Ada Lovelace"), ("name", "Ada Lovelace", "")),
        ("ADA", person("Countess", "ada"), ("username", "ada", "plex")),
        ("ada", person("Ada", "ada", provider="trakt"), ("username", "ada", "trakt")),
        (
            "Ada@example.com",
            person("Countess", "countess", email="ada@example.com"),
            ("email", "ada@example.com", "plex"),
        ),
        ("e\N{COMBINING ACUTE ACCENT}ve", person("\N{LATIN CAPITAL LETTER E WITH ACUTE}ve"), ("name", "Éve", "")),
    ],
)
def test_a_person_with_the_accounts_name_is_suggested(
    name: str, somebody: Person, because: tuple[str, str, str]
) -> None:
    [found] = suggestions_of(account(name), [person("Bea", "bea"), somebody])

    assert found.person == somebody
    assert (found.reason, found.detail, found.provider) == because


@pytest.mark.parametrize("name", ["", " ", "._-", "ad", "adam"])
def test_who_has_another_name_is_not_suggested(name: str) -> None:
    people = [person("Ada", "ada", ""), person(" ", "-", email=""), person("")]

    assert suggestions_of(account(name), people) == []


def test_the_likeliest_comes_first_and_three_are_enough() -> None:
    by_name, by_username = person("Ada"), person("Countess", "ada")
    by_email = person("Eve", "eve", email="ada")
    people = [by_email, by_name, by_username]

    found = suggestions_of(account("ada"), people)
    many = suggestions_of(account("ada"), [*people, by_email, by_email])

    assert [each.person for each in found] == [by_username, by_name, by_email]
    assert [each.person for each in many] == [by_username, by_name, by_email]
