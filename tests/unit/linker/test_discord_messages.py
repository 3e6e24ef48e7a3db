"""What the linker says in Discord is true of the account that it is about, and of the person who reads it."""

from datetime import UTC, datetime

from services.linker.discord import messages
from services.linker.signins.domain import SignIn
from shared.discord.limits import CONTENT
from shared.schemas.people import Person


def test_only_plex_is_said_to_be_linked_by_the_command() -> None:
    plex = messages.relink_request("plex", "ada")
    jellyfin = messages.relink_request("jellyfin", "ada")

    assert "/link" in plex.content
    assert "/link" not in jellyfin.content
    assert "admin" in jellyfin.content


def test_why_a_sign_in_was_refused_is_words_and_no_markup() -> None:
    refused = SignIn(
        id="s1",
        provider="plex",
        state="refused",
        code="c",
        url="http://plex.test",
        expires_at=datetime(2026, 5, 1, tzinfo=UTC),
        reason="**Cellar** says [press here](http://evil)" + "*" * 5000,
    )

    said = messages.sign_in_outcome(refused).content

    assert said.startswith("\\*\\*Cellar\\*\\* says \\[press here\\]\\(http")
    assert len(said) <= CONTENT


def test_whoever_has_no_user_in_seerr_reads_why() -> None:
    person = Person(id="8p1v", name="Ada", identities=[], seerr_user_id=None, seerr_reason="two users are called *ada*")

    said = messages.person_summary(person, [], servers={})

    assert "- Seerr: two users are called \\*ada\\*" in said.content
    assert "None of your accounts is known" not in said.content
