"""Each field that a client reads is in the other system's description."""

from typing import Final

import msgspec
import pytest

from shared.clients import mediabrowser, plex_accounts, plex_items
from shared.clients.seerr import users
from shared.discord import command_format, components, messages, problems
from tests.contract.openapi import spec
from tests.documents import needs_specs

pytestmark = needs_specs

PLEX: Final = "plex-api-spec.yaml"
JELLYFIN: Final = "jellyfin-openapi-stable.json"
DISCORD: Final = "discord-openapi.json"
SEERR: Final = "seerr-api.yml"


@pytest.mark.parametrize(
    ("kind", "document", "schema", "beyond"),
    [
        (plex_accounts.WireUser, PLEX, "UserPlexAccount", set()),
        (plex_accounts.WireDevice, PLEX, "PlexDevice", set()),
        (plex_items.WireLibrary, PLEX, "LibrarySection", set()),
        (plex_items.WireItem, PLEX, "Metadata", {"User", "Player"}),  # of sessions
        (plex_items.WireHub, PLEX, "Hub", set()),
        (mediabrowser.WireServer, JELLYFIN, "PublicSystemInfo", set()),
        (mediabrowser.WireUser, JELLYFIN, "UserDto", set()),
        (mediabrowser.WirePolicy, JELLYFIN, "UserPolicy", set()),
        (mediabrowser.WireSignedIn, JELLYFIN, "AuthenticationResult", set()),
        (command_format.Command, DISCORD, "ApplicationCommandResponse", set()),
        (messages.Embed, DISCORD, "RichEmbed", set()),
        (components.Button, DISCORD, "ButtonComponentForMessageRequest", set()),
        (components.Menu, DISCORD, "StringSelectComponentForMessageRequest", set()),
        (components.Choice, DISCORD, "StringSelectOptionForRequest", set()),
        (problems.Problem, DISCORD, "RatelimitedResponse", set()),
        # seerr-api.yml leaves these out; server/entity/User.ts and interfaces have them
        (
            users.SeerrUser,
            SEERR,
            "User",
            {"plexId", "jellyfinUserId", "jellyfinUsername", "displayName"},
        ),
    ],
)
def test_a_field_that_is_read_is_described(
    kind: type[msgspec.Struct], document: str, schema: str, beyond: set[str]
) -> None:
    read = {field.encode_name for field in msgspec.structs.fields(kind)}

    described = spec(document)
    assert read - described.properties(described.schema(schema)) == beyond


def test_the_addresses_of_a_server_are_described() -> None:
    connections = spec(PLEX).schema("PlexDevice")["properties"]["connections"]["items"]

    read = {field.encode_name for field in msgspec.structs.fields(plex_accounts.WireConnection)}

    assert read <= spec(PLEX).properties(connections)


def test_the_counts_of_seerr_are_described() -> None:
    answers = spec(SEERR).document["paths"]["/request/count"]["get"]["responses"]
    schema = answers["200"]["content"]["application/json"]["schema"]

    assert {field.encode_name for field in msgspec.structs.fields(users.RequestCounts)} == set(schema["properties"])
