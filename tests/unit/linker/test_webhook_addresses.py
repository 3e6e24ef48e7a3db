"""Which addresses of a Plex account are this Usher's."""

import pytest

from services.linker.servers.webhook_addresses import UNREADABLE, compare

OURS = "https://usher.example.org/webhooks/plex?token=new"


@pytest.mark.parametrize(
    "url",
    [
        "https://usher.example.org/webhooks/plex?token=old",
        "https://usher.example.org:443/webhooks/plex?token=old",
        "http://USHER.example.org/webhooks/plex/?token=old",
        "https://usher.example.org/webhooks/plex",
        " https://usher.example.org/webhooks/plex?token=old",
    ],
)
def test_an_address_that_leads_to_the_same_place_is_outdated(url: str) -> None:
    found = compare([url], OURS)

    assert (found.is_present, found.outdated, found.others, found.is_settled) == (False, 1, [], False)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://usher.example.org:8443/webhooks/plex?token=old", "usher.example.org"),
        ("https://usher.example.org/webhooks/tautulli?token=old", "usher.example.org"),
        ("https://usher.example.org/other/webhooks/plex?token=old", "usher.example.org"),
        ("https://elsewhere.example.org/webhooks/plex?token=old", "elsewhere.example.org"),
        ("https://user:secret@tautulli.example.org/secret?key=secret#secret", "tautulli.example.org"),
        ("http://[::1]:8000/secret", "::1"),
        ("http://[secret", UNREADABLE),
        ("http://tautulli.example.org:secret/", UNREADABLE),
        ("secret", UNREADABLE),
        ("", UNREADABLE),
    ],
)
def test_any_other_address_stays_and_shows_only_its_host(url: str, host: str) -> None:
    found = compare([url, OURS], OURS)

    assert (found.others, found.hosts) == ([url], [host])
    assert found.is_settled


def test_the_address_and_an_older_one_side_by_side_are_not_settled() -> None:
    found = compare([OURS, "https://usher.example.org/webhooks/plex?token=old", OURS], OURS)

    assert (found.is_present, found.outdated, found.is_settled) == (True, 1, False)
