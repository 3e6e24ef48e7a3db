"""A webhook's secret in a path is not repeated, however the path is written."""

import pytest

from services.gateway.safe_path import safe_path

SECRET = "hush"
LONG = "correct-horse-battery"


@pytest.mark.parametrize(
    "path",
    [
        f"/webhooks/plex/{SECRET}",
        f"/webhooks/plex/{SECRET}/",
        f"/webhooks/plex/{SECRET}/more",
        f"//webhooks//plex//{SECRET}",
        f"/Webhooks/PLEX/{SECRET}",
        f"/webhook/plex/{SECRET}",
        f"/webhooks/plex%2F{SECRET}",
        f"/webhooks%252Fplex%252F{SECRET}",
        f"/%77ebhooks/plex/{SECRET}",
        f"/webhooks/./plex/../plex/{SECRET}",
        f"/webhooks\\plex\\{SECRET}",
        f"/\uff57ebhooks/plex/{SECRET}",
        f"/webhooks;plex;{SECRET}",
    ],
)
def test_of_a_webhook_only_the_source_is_shown(path: str) -> None:
    assert safe_path(path) == "/webhooks/plex"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (f"/webhooks/{SECRET}", "/webhooks"),
        (f"/webhooks;{SECRET}/plex", "/webhooks"),
        (f"/webhooks{SECRET}", "/webhooks"),
        (f"/webhooks/plex%3Ftoken={SECRET}", "/webhooks"),
        (f"/plex/{SECRET}", "/plex"),
        (f"/usher/webhooks/plex/{SECRET}", "/usher/webhooks/plex"),
        (f"/api/webhooks/plex/{SECRET}", "/api/webhooks/plex"),
        (f"/hooks/{LONG}", "/hooks/***"),
        (f"/{LONG}", "/***"),
        (f"/api/{LONG}", "/api/***"),
        (f"/api/plex/{LONG}", "/api/plex"),
        (f"/api/events/{LONG}", "/api/events/***"),
        (f"/a%3Ftoken={SECRET}", "/a?token=***"),
        ("/api/webhooks/secrets/ushw_abcdefghijklmnopqrstuvwxyz", "/api/webhooks/secrets/***"),
        ("/api/keys/usha_abcdefghijklmnopqrstuvwxyz", "/api/keys/***"),
    ],
)
def test_of_a_path_that_leads_nowhere_nothing_is_shown_that_may_be_a_secret(path: str, shown: str) -> None:
    assert safe_path(path) == shown


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/docs",
        "/webhooks",
        "/webhooks/jellyfin",
        "/api/events/3f6c2b1a9d8e7f605142",
        "/api/plex/Attic/libraries/1/items",
        "/api/integrations/plex/auth/pin",
        "/api/webhooks/secrets",
        "/discord/interactions",
    ],
)
def test_a_path_of_ours_is_shown_as_it_is(path: str) -> None:
    assert safe_path(path, is_route=True) == path
