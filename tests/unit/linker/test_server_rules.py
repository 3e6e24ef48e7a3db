from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.servers import probe_results, rules
from services.linker.servers.probe_results import Identity
from services.linker.servers.store import ServerRow
from shared.clients.errors import CredentialRefusedError
from shared.errors import ConflictError, InvalidError, TransientError
from shared.http.calls import RefusedError
from shared.http.egress import Egress
from shared.owners import server_password_suffix, server_token

PLEX = Identity(kind="plex", machine_id="m1", version="1.43")


def outcome(rule: Callable[[str], str], text: str) -> str | InvalidError:
    try:
        return rule(text)
    except InvalidError as exc:
        return exc


@given(st.text(max_size=70))
def test_a_name_that_is_taken_can_own_secrets_and_stand_in_an_address(text: str) -> None:
    name = outcome(rules.name_of, text)
    if isinstance(name, InvalidError):
        assert [fault.path for fault in name.faults] == ["name"]
        return

    assert server_token(name, type="plex").id == server_password_suffix(name, type="plex").id == name
    assert "/" not in name
    assert name == name.strip()


@pytest.mark.parametrize("name", ["add", "Add", "Seerr", " trakt "])
def test_names_of_other_systems_and_of_the_page_that_adds_a_server_are_refused(name: str) -> None:
    refused = outcome(rules.name_of, name)

    assert isinstance(refused, InvalidError)
    assert "reserved" in refused.detail


@given(st.text(max_size=100) | st.text(max_size=60).map(lambda text: f"http://{text}"))
def test_any_address_is_taken_or_refused_by_its_field(text: str) -> None:
    url = outcome(lambda address: rules.url_of(address, Egress()), text)
    if isinstance(url, InvalidError):
        assert [fault.path for fault in url.faults] == ["url"]
        return

    assert url.lower().startswith(("http://", "https://"))
    assert not url.endswith("/")


def test_a_row_that_was_changed_meanwhile_is_a_conflict() -> None:
    row = ServerRow(name="Attic", type="plex", url="http://attic:32400", revision=3)
    rules.require_revision(row, revision=3)

    with pytest.raises(ConflictError):
        rules.require_revision(row, revision=2)


def test_a_token_that_could_not_be_tested_is_not_called_wrong() -> None:
    rights = probe_results.rights_of("plex", TransientError("Attic answered 503"), users=TransientError("away"))
    probe = probe_results.expected_server(PLEX, rights)

    assert (probe.reachable, probe.refusal, probe.works) == (True, None, False)
    assert probe.problem == "the token could not be tested: Attic answered 503"


def test_a_wrong_token_is_refused_by_the_name_of_its_field() -> None:
    wrong = CredentialRefusedError("no", answered=401)

    found = {kind: probe_results.rights_of(kind, wrong, users=wrong).refusal for kind in ("plex", "emby", "seerr")}

    assert {kind: fault and fault.path for kind, fault in found.items()} == {
        "plex": "token",
        "emby": "token",
        "seerr": "api_key",
    }


def test_plex_tv_being_away_is_told_from_its_saying_no() -> None:
    away = probe_results.rights_of("plex", [], users=TransientError("plex.tv answered 503"))
    no = probe_results.rights_of("plex", [], users=RefusedError("no", answered=404))

    assert "could not be counted" in away.findings[-1].text
    assert "does not tell" in no.findings[-1].text
    assert no.findings[-1].mend
