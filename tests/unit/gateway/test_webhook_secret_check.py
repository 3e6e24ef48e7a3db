"""A secret is valid for its purpose, wherever in the request it is sent; anything else is refused alike."""

import pytest

from services.gateway.webhook_secrets.check import Match, SecretEntry, Secrets, digest, secret_in
from shared.errors import UnauthorizedError
from shared.schemas.webhook_senders import SOURCES, Source

EVERY = SecretEntry(id="every", digest=digest("for-every-source"))
PLEX = SecretEntry(id="plex-1", digest=digest("for-plex"), source="plex", server="living-room")
PLEX_NEW = SecretEntry(id="plex-2", digest=digest("for-plex-too"), source="plex", server="living-room")
EMBY = SecretEntry(id="emby-1", digest=digest("for-emby"), source="emby", server="attic")


@pytest.mark.parametrize("source", SOURCES)
def test_a_secret_for_every_source_opens_all(source: Source) -> None:
    assert Secrets([PLEX, EVERY, EMBY]).check(source, "for-every-source") == Match("every", None)


@pytest.mark.parametrize(("secret", "secret_id"), [("for-plex", "plex-1"), ("for-plex-too", "plex-2")])
def test_two_are_valid_at_a_time(secret: str, secret_id: str) -> None:
    assert Secrets([PLEX, PLEX_NEW]).check("plex", secret) == Match(secret_id, "living-room")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "secret", [None, "", "wrong", "for-ple", "for-plex ", "FOR-PLEX", "\udcff", "é", "x" * 100_000]
)
def test_a_wrong_or_missing_or_half_secret_is_refused_alike_for_every_source(
    source: Source, secret: str | None
) -> None:
    with pytest.raises(UnauthorizedError) as failure:
        Secrets([EVERY, PLEX, PLEX_NEW, EMBY]).check(source, secret)
    assert failure.value.detail == "no valid webhook secret came with the request"


@pytest.mark.parametrize("source", [source for source in SOURCES if source != "plex"])
def test_a_valid_secret_of_another_source_is_refused_like_a_wrong_one(source: Source) -> None:
    with pytest.raises(UnauthorizedError, match=r"^no valid webhook secret came with the request$"):
        Secrets([PLEX, EMBY]).check(source, "for-plex")


def test_nothing_opens_where_nothing_is_valid() -> None:
    with pytest.raises(UnauthorizedError):
        Secrets().check("plex", "for-plex")


def test_an_empty_secret_opens_nothing_even_where_one_was_stored() -> None:
    with pytest.raises(UnauthorizedError):
        Secrets([SecretEntry(id="empty", digest=digest(""))]).check("plex", "")


def test_replaced_secrets_count_from_the_next_check_on() -> None:
    secrets = Secrets([PLEX])

    secrets.replace([EMBY])

    assert secrets.check("emby", "for-emby") == Match("emby-1", "attic")
    with pytest.raises(UnauthorizedError):
        secrets.check("plex", "for-plex")


@pytest.mark.parametrize(
    ("query", "path_secret", "authorization", "secret"),
    [
        (b"token=a", None, None, "a"),
        (b"x=1&token=a%2Bb%3D&y=2", None, None, "a+b="),
        (b"token=a", "b", "c", "a"),
        (b"", "b", "Bearer c", "b"),
        (b"token=", "b", None, "b"),
        (b"token=&token=a", "b", None, "a"),
        (b"token=a&token=z", None, None, "a"),
        (b"", None, "c", "c"),
        (b"", None, "Bearer c", "c"),
        (b"", None, "bearer   c ", "c"),
        (b"", None, "Bearer", None),
        (b"", None, "Basic dXNlcg==", "Basic dXNlcg=="),
        (b"nottoken=a", None, None, None),
        (b"token=\xff%ff", None, None, "\xff\ufffd"),
        (b"", None, "", None),
        (b"", None, None, None),
    ],
)
def test_the_first_place_that_holds_a_secret_wins(
    query: bytes, path_secret: str | None, authorization: str | None, secret: str | None
) -> None:
    assert secret_in(query, path_secret, authorization) == secret
