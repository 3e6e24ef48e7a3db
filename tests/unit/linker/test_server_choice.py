"""By what tries are counted, which machine an account is proven on, which application Usher is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.servers.from_settings import servers_in
from services.linker.servers.store import ServerRow
from services.linker.signins.domain import Asker
from services.linker.signins.flows.jellyfin import device_of
from services.linker.signins.flows.passwords import digest
from services.linker.signins.flows.server_choice import AnotherServerError, verified_machine_id
from services.linker.signins.flows.trakt_application import client_id_of
from shared.http.egress import Egress
from shared.schemas.secret import Secret
from shared.schemas.users import name_key
from shared.settings import UpstreamSettings

words = st.text(max_size=20)


def row(machine_id: str | None) -> ServerRow:
    return ServerRow(name="Cellar", type="jellyfin", url="http://cellar.test", machine_id=machine_id)


@given(server=words, username=words, other_server=words, other=words)
def test_tries_are_counted_together_for_one_server_and_name_only(
    server: str, username: str, other_server: str, other: str
) -> None:
    is_same = (server, name_key(username)) == (other_server, name_key(other))

    assert (digest(server, username) == digest(other_server, other)) is is_same


@given(username=words)
def test_neither_case_nor_blanks_make_another_name(username: str) -> None:
    assert digest("Cellar", f" {username}\t") == digest("Cellar", name_key(username))


@pytest.mark.parametrize(
    ("known", "answered", "proven"), [("a", "a", "a"), ("a", "", "a"), (None, "a", "a"), ("", "a", "a")]
)
def test_an_account_is_proven_on_the_server_that_is_known(known: str | None, answered: str, proven: str) -> None:
    assert verified_machine_id(row(known), answered) == proven


@pytest.mark.parametrize(("known", "answered"), [("a", "b"), (None, ""), ("", "")])
def test_on_another_server_or_an_unnamed_one_nothing_is_proven(known: str | None, answered: str) -> None:
    with pytest.raises(AnotherServerError, match="Cellar"):
        verified_machine_id(row(known), answered)


CLIENT_ID = "0af1" * 16


@pytest.mark.parametrize(
    ("machine_id", "url", "client_id"),
    [
        (CLIENT_ID, "https://trakt.tv", CLIENT_ID),
        (CLIENT_ID, f"https://trakt.tv/oauth/applications/{'b' * 64}", CLIENT_ID),
        (None, f"https://auth.trakt.tv/oauth/applications/{CLIENT_ID}", CLIENT_ID),
        (None, f"https://auth.trakt.tv/oauth/applications/{CLIENT_ID}/", CLIENT_ID),
        (None, "https://trakt.tv/oauth/applications/12345", ""),
        (None, "https://trakt.tv/oauth/applications", ""),
        (None, "https://trakt.tv", ""),
        (None, "", ""),
    ],
)
def test_the_client_id_of_an_application_is_found_where_it_is_said(
    machine_id: str | None, url: str, client_id: str
) -> None:
    assert client_id_of(ServerRow(name="Trakt", type="trakt", url=url, machine_id=machine_id)) == client_id


def test_the_settings_say_it_too() -> None:
    config = UpstreamSettings(trakt_client_id=CLIENT_ID, trakt_client_secret=Secret("secret"))

    assert [client_id_of(each.row) for each in servers_in(config, Egress())] == [CLIENT_ID]


def test_a_user_of_discord_and_one_of_usher_are_two_devices() -> None:
    kinds = {device_of(Asker(kind, "1", "Anna")) for kind in ("discord", "usher", "person")}

    assert len(kinds) == 3
