import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from cli.__main__ import COMMANDS, MODULES
from cli.client import AnswerError, AwayError
from cli.embedded.program import free_port
from cli.errors import BadUsageError
from cli.folder import ADDRESS, Folder
from shared.settings import SettingsError
from tests.integration.cli.commands import usher
from tests.integration.cli.gateway import Asked, FakeGateway, serving

PLAY = {
    "id": "p1",
    "person": {"id": "1", "name": "Ann"},
    "account": {"source": "plex", "server": "s", "id": "7", "name": "ann"},
    "type": "episode",
    "title": "Pilot",
    "show": "Lost",
    "season": 1,
    "episode": 1,
    "year": 2004,
    "ids": {},
    "show_ids": {},
    "watched_at": "2026-01-31T18:00:00Z",
    "source": "plex",
    "server": "s",
}
EVENT = {"id": "e1", "source": "plex", "event": "media.scrobble", "status": "handled", "received_at": None}
LETTER = {"id": "d1", "service": "syncer", "subject": "webhooks.plex.x", "reason": "no \x1b[2J", "attempts": 3}
RUN = {
    "id": "r1",
    "kind": "seerr",
    "status": "running",
    "requested_at": "2026-01-31T03:00:00Z",
    "finished_at": None,
    "progress": {"done": 200, "total": 5400},
    "counts": {"persons": 200},
    "errors": [{"what": "person 7", "why": "no \x1b[2J"}],
    "requested_by": "schedule",
}
PERSON = {"id": "1", "name": "Ann", "identities": [{"provider": "plex", "username": "ann", "id": "7"}]}
UNCLAIMED = {"source": "plex", "server": "s", "account_id": "9", "account_name": "kid", "plays": 4}
SECRET = {"id": "w1", "source": None, "server": None, "created_at": "2026-01-31T18:00:00Z"}
REFUSED = {
    "source": "seerr",
    "address": None,
    "reason": "method",
    "text": "it uses GET",
    "mend": "set the sender's method to POST",
    "count": 12,
    "first_at": "2026-01-31T09:00:00Z",
    "last_at": "2026-01-31T18:00:00Z",
}
ADDRESSES = [{"source": source, "url": f"http://h/webhooks/{source}?token=ushw_x"} for source in ("plex", "emby")]
LINKED = {
    "provider": "plex",
    "account": {"id": "7", "username": "ann", "server": ""},
    "person": {"id": "1", "name": "Ann"},
    "state": "dead",
    "reason": "no \x1b[2J",
    "linked_at": "2026-01-31T18:00:00Z",
    "checked_at": None,
}
SETTINGS = {
    "username": "ann/b",
    "blocked": False,
    "immune": True,
    "request_limit": 5,
    "has_password": True,
    "changed_at": "2026-01-31T18:00:00Z",
}
STATS = {"total": 3, "movies": 1, "episodes": 2, "unclaimed": 0, "by_person": [{"name": "Ann", "plays": 3}]}


def page(*items: Any) -> dict[str, Any]:
    return {"items": list(items), "total": 41, "limit": 50, "offset": 0}


ANSWERS: dict[str, Any] = {
    "GET /api/history": page(PLAY),
    "GET /api/history/stats": STATS,
    "GET /api/people": page(PERSON),
    "GET /api/people/1": PERSON,
    "GET /api/people/unclaimed": page(UNCLAIMED),
    "POST /api/people/unclaimed/claim": PERSON,
    "POST /api/people/1/merge": PERSON,
    "POST /api/people/1/unmerge": PERSON,
    "POST /api/people/1/give-back": PERSON,
    "GET /api/people/1/export": {"person": PERSON, "plays": [PLAY]},
    "DELETE /api/people/1": {"person_id": "1", "remaining_seerr_user_id": 7},
    "GET /api/events": page(EVENT),
    "GET /api/events/e1": {**EVENT, "payload": {"event": "media.scrobble"}},
    "POST /api/events/e1/replay": {"id": "e1", "attempt": 1},
    "GET /api/deadletters": page(LETTER),
    "GET /api/deadletters/d1": LETTER,
    "POST /api/deadletters/d1/replay": {"id": "d1", "attempt": 1},
    "DELETE /api/deadletters/d1": b"",
    "GET /api/runs": page(RUN),
    "GET /api/runs/r1": RUN,
    "POST /api/runs/r1/cancel": RUN,
    "GET /api/webhooks/refused": page(REFUSED),
    "GET /api/webhooks/secrets": page({**SECRET, "addresses": ADDRESSES}),
    "POST /api/webhooks/secrets": {**SECRET, "addresses": ADDRESSES[:1]},
    "DELETE /api/webhooks/secrets/w1": b"",
    "GET /api/integrations": page(LINKED),
    "DELETE /api/integrations/plex/connect": {"items": [LINKED["account"]]},
    "POST /api/integrations/emby/connect": LINKED,
    "GET /api/users/settings": page(SETTINGS),
    "GET /api/users/ann/settings": SETTINGS,
    "PUT /api/users/ann/settings": SETTINGS,
    "DELETE /api/users/ann/settings": SETTINGS,
}


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with serving(ANSWERS) as fake:
        yield fake


@pytest.mark.parametrize(
    ("command", "asked"),
    [
        ("history", ("GET", "/api/history", {"limit": "50", "offset": "0"}, None)),
        (
            "history --person 1 --type movie --since 2026-01-01 --until 2026-02-01 --search x --limit 5",
            (
                "GET",
                "/api/history",
                {
                    "person": "1",
                    "type": "movie",
                    "since": "2026-01-01",
                    "until": "2026-02-01",
                    "search": "x",
                    "limit": "5",
                    "offset": "0",
                },
                None,
            ),
        ),
        ("history --stats --person 1", ("GET", "/api/history/stats", {"person": "1"}, None)),
        ("people list --search a", ("GET", "/api/people", {"search": "a", "limit": "50", "offset": "0"}, None)),
        ("people show 1", ("GET", "/api/people/1", {}, None)),
        ("people unclaimed", ("GET", "/api/people/unclaimed", {"limit": "50", "offset": "0"}, None)),
        (
            "people claim plex s 9 --person 1",
            (
                "POST",
                "/api/people/unclaimed/claim",
                {},
                {"source": "plex", "server": "s", "account_id": "9", "person_id": "1", "name": None},
            ),
        ),
        ("people merge 1 2", ("POST", "/api/people/1/merge", {}, {"merged_id": "2"})),
        ("people unmerge 1 2", ("POST", "/api/people/1/unmerge", {}, {"merged_id": "2"})),
        (
            "people give-back 1 plex s 9",
            ("POST", "/api/people/1/give-back", {}, {"source": "plex", "server": "s", "account_id": "9"}),
        ),
        ("people export 1", ("GET", "/api/people/1/export", {}, None)),
        ("people forget 1 --yes", ("DELETE", "/api/people/1", {}, None)),
        (
            "events list --status ignored",
            ("GET", "/api/events", {"status": "ignored", "limit": "50", "offset": "0"}, None),
        ),
        ("events show e1", ("GET", "/api/events/e1", {"full": "true"}, None)),
        ("events replay e1", ("POST", "/api/events/e1/replay", {}, {})),
        (
            "dead list --service syncer",
            ("GET", "/api/deadletters", {"service": "syncer", "limit": "50", "offset": "0"}, None),
        ),
        ("dead show d1", ("GET", "/api/deadletters/d1", {"full": "true"}, None)),
        ("dead replay d1", ("POST", "/api/deadletters/d1/replay", {}, {})),
        ("dead drop d1", ("DELETE", "/api/deadletters/d1", {}, None)),
        (
            "runs list --kind seerr --status running",
            ("GET", "/api/runs", {"kind": "seerr", "status": "running", "limit": "50", "offset": "0"}, None),
        ),
        ("runs show r1", ("GET", "/api/runs/r1", {}, None)),
        ("runs cancel r1", ("POST", "/api/runs/r1/cancel", {}, {})),
        ("webhooks list", ("GET", "/api/webhooks/secrets", {"limit": "50", "offset": "0"}, None)),
        ("webhooks add --source plex", ("POST", "/api/webhooks/secrets", {}, {"source": "plex", "server": None})),
        ("webhooks refused --limit 5", ("GET", "/api/webhooks/refused", {"limit": "5", "offset": "0"}, None)),
        ("webhooks remove w1", ("DELETE", "/api/webhooks/secrets/w1", {}, None)),
        ("link list", ("GET", "/api/integrations", {"all": "true", "limit": "50", "offset": "0"}, None)),
        ("link list --person 1", ("GET", "/api/integrations", {"person": "1", "limit": "50", "offset": "0"}, None)),
        ("link remove plex 7", ("DELETE", "/api/integrations/plex/connect", {"account": "7"}, None)),
        (
            "users settings list --search a --limit 5",
            ("GET", "/api/users/settings", {"search": "a", "limit": "5", "offset": "0"}, None),
        ),
        ("users settings show ann", ("GET", "/api/users/ann/settings", {}, None)),
        ("users settings clear ann", ("DELETE", "/api/users/ann/settings", {}, None)),
        ("users settings set ann --blocked", ("PUT", "/api/users/ann/settings", {}, {"blocked": True})),
        (
            "users settings set ann --not-blocked --immune --request-limit 0 --no-password",
            (
                "PUT",
                "/api/users/ann/settings",
                {},
                {"blocked": False, "immune": True, "request_limit": 0, "password": None},
            ),
        ),
        (
            "users settings set ann --not-immune --no-request-limit",
            ("PUT", "/api/users/ann/settings", {}, {"immune": False, "request_limit": None}),
        ),
    ],
)
def test_a_command_asks_one_thing_with_the_key_of_the_data_folder(
    command: str,
    asked: tuple[str, str, dict[str, str], Any],
    gateway: FakeGateway,
    environment: dict[str, str],
) -> None:
    result = usher(command, environment)

    assert result.exit_code == 0, result.output
    assert gateway.asked == [Asked(*asked, key="usha_local")]


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("history", ["Ann", "Lost", "Pilot", "1 of 41"]),
        ("history --stats", ["3 total, 1 movies, 2 episodes, 0 unclaimed", "by person", "Ann"]),
        ("people list", ["Ann", "plex ann"]),
        ("people show 1", ["Ann (1)", "plex"]),
        ("people unclaimed", ["kid", "4"]),
        ("people export 1", ['"title": "Pilot"']),
        ("people forget 1 --yes", ["They are forgotten.", "Their user 7 stays in Seerr"]),
        ("events list", ["media.scrobble", "handled"]),
        ("events show e1", ['"event": "media.scrobble"']),
        ("dead show d1", ['  "service": "syncer"']),
        ("dead list", ["webhooks.plex.x", "no �[2J"]),
        ("runs list", ["seerr", "running", "200", "5400", "persons 200", "schedule"]),
        ("runs show r1", ['"what": "person 7"']),
        ("webhooks list", [each["url"] for each in ADDRESSES]),
        ("webhooks refused", ["many others", "it uses GET", "set the sender's method to POST", "12"]),
        ("webhooks add", [ADDRESSES[0]["url"]]),
        ("link list", ["ann", "Ann", "dead", "no �[2J"]),
        ("link remove plex 7", ["Unlinked: ann"]),
        ("users settings list", ["ann/b", "no", "yes", "5", "1 of 41"]),
        ("users settings clear ann", ["Nothing is set for ann/b any more."]),
    ],
)
def test_a_table_shows_what_a_person_looks_for(command: str, shown: list[str], environment: dict[str, str]) -> None:
    output = usher(command, environment).output

    assert [text for text in shown if text not in output] == []
    assert "\x1b" not in output


@pytest.mark.parametrize(
    "command",
    [
        "history",
        "history --stats",
        "people list",
        "people show 1",
        "people forget 1 --yes",
        "events list",
        "events show e1",
        "dead list",
        "dead show d1",
        "runs list",
        "runs show r1",
        "runs cancel r1",
        "webhooks list",
        "link list",
        "users settings list",
        "users settings show ann",
        "users settings set ann --immune",
        "users settings clear ann",
    ],
)
def test_json_is_the_answer_itself(command: str, gateway: FakeGateway, environment: dict[str, str]) -> None:
    result = usher(f"{command} --json", environment)

    (asked,) = gateway.asked
    assert json.loads(result.output) == ANSWERS[f"{asked.method} {asked.path}"]


@pytest.mark.parametrize(("answer", "methods"), [("y\n", ["GET", "DELETE"]), ("n\n", ["GET"])])
def test_a_person_is_forgotten_only_after_a_yes(
    answer: str, methods: list[str], gateway: FakeGateway, environment: dict[str, str]
) -> None:
    result = CliRunner().invoke(import_module("cli.people").app, ["forget", "1"], input=answer, env=environment)

    assert "Delete all that is known of Ann, for good?" in result.output
    assert [asked.method for asked in gateway.asked] == methods


@pytest.mark.parametrize("source", ["--ask-password", "--password-file -", "--password-file {}"])
def test_a_password_comes_from_a_file_or_standard_input(
    source: str, gateway: FakeGateway, environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text("canary-password\n")
    arguments = ["settings", "set", "ann", *source.format(file).split()]

    result = CliRunner().invoke(import_module("cli.users").app, arguments, input="canary-password\n", env=environment)

    assert result.exit_code == 0, result.output
    assert gateway.asked[0].body == {"password": "canary-password"}
    assert "canary" not in result.output


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("users settings set ann", "nothing to set"),
        ("users settings set ann --request-limit 5 --no-request-limit", "--request-limit and --no-request-limit"),
        ("users settings set ann --no-password --ask-password", "--ask-password and --no-password"),
        ("users settings show a/b", "contains a slash"),
        ("users settings clear ..", "cannot be a user"),
    ],
)
def test_impossible_settings_are_reported_before_anything_is_asked(
    command: str, said: str, gateway: FakeGateway, environment: dict[str, str]
) -> None:
    result = usher(command, environment)

    assert isinstance(result.exception, BadUsageError)
    assert said in str(result.exception)
    assert gateway.asked == []


@pytest.mark.parametrize(
    ("command", "gone"), [("dead drop d1", {"items": [{"id": "d1"}]}), ("webhooks remove w1", {"id": "w1"})]
)
def test_json_names_what_is_gone(command: str, gone: Any, environment: dict[str, str]) -> None:
    assert json.loads(usher(f"{command} --json", environment).output) == gone
    assert usher(command, environment).output == ""


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"run"}))
def test_every_command_that_ends_takes_json(name: str) -> None:
    found = commands(get_command(import_module(f"cli.{MODULES.get(name, name)}").app))

    assert [
        each.name for each in found if "--json" not in {flag for option in each.params for flag in option.opts}
    ] == []


def commands(command: Any) -> list[Any]:
    inner = getattr(command, "commands", {}).values()
    return [each for one in inner for each in commands(one)] or [command]


def test_a_key_of_the_environment_comes_before_the_one_of_the_folder(
    gateway: FakeGateway, environment: dict[str, str]
) -> None:
    usher("history", {**environment, "USHER_API_KEY": "usha_mine"})

    assert gateway.asked[0].key == "usha_mine"


def test_a_refusal_is_reported_and_fails(environment: dict[str, str]) -> None:
    result = usher("events show e2", environment)

    assert result.exit_code == 1
    assert str(result.exception) == "there is no /api/events/e2"
    assert isinstance(result.exception, AnswerError)


def test_without_a_key_nothing_is_asked(gateway: FakeGateway, environment: dict[str, str], tmp_path: Path) -> None:
    result = usher("history", {**environment, "USHER_DATA_DIR": str(tmp_path / "none")})

    assert isinstance(result.exception, SettingsError)
    assert gateway.asked == []


def test_an_address_without_usher_is_reported(environment: dict[str, str], tmp_path: Path) -> None:
    Folder(environment["USHER_DATA_DIR"]).publish(ADDRESS, f"http://127.0.0.1:{free_port()}")

    assert isinstance(usher("history", environment).exception, AwayError)


def test_the_stream_is_followed_from_connection_to_connection(
    gateway: FakeGateway, environment: dict[str, str]
) -> None:
    gateway.answers["GET /api/events/stream"] = [b'data: {"id":"e1"}\n\n: ping\n\ndata: {"id":"e2"}\n\n']

    result = usher("events tail --json", environment)

    assert result.stdout.splitlines() == ['{"id":"e1"}', '{"id":"e2"}']
    assert "the stream ended; trying again in 1 s" in result.stderr
    assert [asked.path for asked in gateway.asked] == ["/api/events/stream"] * 2
    assert isinstance(result.exception, AnswerError)


@pytest.mark.parametrize(
    ("set_to", "used"),
    [
        ({"API_KEY": "canary of a weather service"}, "usha_local"),
        ({"USHER_API_KEY": "usha_chosen", "API_KEY": "canary"}, "usha_chosen"),
        (
            {"API_KEY": "usha_of_the_wishlist_service", "USHER_DATA_DIR": "/no/such/folder"},
            "usha_of_the_wishlist_service",
        ),
    ],
)
def test_a_key_by_another_tools_name_is_used_only_where_there_is_none_of_ushers_own(
    gateway: FakeGateway, environment: dict[str, str], set_to: dict[str, str], used: str
) -> None:
    gateway.answers["GET /api/people"] = {"items": [], "total": 0, "limit": 50, "offset": 0}

    result = usher("people list", {**environment, "USHER_PUBLIC_URL": gateway.address, **set_to})

    assert (result.exit_code, [each.key for each in gateway.asked]) == (0, [used])
