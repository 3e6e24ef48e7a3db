"""By what tries are counted, and which machine an account is proven on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.servers.store import ServerRow
from services.linker.signins.domain import Asker
from services.linker.signins.flows.jellyfin import device_of
from services.linker.signins.flows.passwords import digest
from services.linker.signins.flows.places import AnotherServerError, proven_server

words = st.text(max_size=20)


def row(machine_id: str | None) -> ServerRow:
    return ServerRow(name="Cellar", type="jellyfin", url="http://cellar.test", machine_id=machine_id)


@given(server=words, username=words, other_server=words, other=words)
def test_tries_are_counted_together_for_one_server_and_name_only(
    server: str, username: str, other_server: str, other: str
) -> None:
    is_same = (server, username.strip().casefold()) == (other_server, other.strip().casefold())

    assert (digest(server, username) == digest(other_server, other)) is is_same


@given(username=words)
def test_neither_case_nor_blanks_make_another_name(username: str) -> None:
    assert digest("Cellar", f" {username}\t") == digest("Cellar", username.casefold())


@pytest.mark.parametrize(
    ("known", "answered", "proven"), [("a", "a", "a"), ("a", "", "a"), (None, "a", "a"), ("", "a", "a")]
)
def test_an_account_is_proven_on_the_server_that_is_known(known: str | None, answered: str, proven: str) -> None:
    assert proven_server(row(known), answered) == proven


@pytest.mark.parametrize(("known", "answered"), [("a", "b"), (None, ""), ("", "")])
def test_on_another_server_or_an_unnamed_one_nothing_is_proven(known: str | None, answered: str) -> None:
    with pytest.raises(AnotherServerError, match="Cellar"):
        proven_server(row(known), answered)


def test_a_user_of_discord_and_one_of_usher_are_two_devices() -> None:
    kinds = {device_of(Asker(kind, "1", "Anna")) for kind in ("discord", "usher", "person")}

    assert len(kinds) == 3
