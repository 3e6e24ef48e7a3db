import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.checks.servers import check_nats, check_postgres
from cli.doctor import app
from cli.embedded.program import free_port
from cli.folder import ADDRESS, DATABASE_URL, ENCRYPTION_KEYS, LOCAL_API_KEY, NATS_URL, Folder
from shared.bus.connection import Bus
from shared.keyring import new_key
from shared.schemas.secret import Secret
from tests.integration.cli.gateway import serving
from tests.integration.servers import Running

WELL: dict[str, Any] = {
    "GET /health": {"status": "ok"},
    "GET /ready": {"status": "ok"},
    "GET /api/health": {"services": [{"name": "syncer", "replicas": 1}], "spool": {"records": 0}},
    "GET /api/v1/status": {"version": "2.7.3"},
    "GET /identity": b'<MediaContainer machineIdentifier="abc"/>',
}
Found = dict[str, tuple[str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(str(tmp_path / "data"))
    made.make()
    made.keep(LOCAL_API_KEY, lambda: Secret("usha_local"))
    made.keep(ENCRYPTION_KEYS, lambda: new_key("k1"))
    return made


def doctor(folder: Folder, **variables: str) -> Result:
    return CliRunner().invoke(app, ["--json"], env={"USHER_DATA_DIR": str(folder.path), **variables})


def found(result: Result) -> Found:
    return {each["subject"]: (each["level"], each["text"]) for each in json.loads(result.output)["findings"]}


async def test_a_healthy_usher_passes_every_check(
    folder: Folder, database_url: Secret, nats_url: Secret, bus: Bus
) -> None:
    await bus.ready()
    postgres = await check_postgres(database_url)
    nats = await check_nats(nats_url, credentials="", replicas=1, is_embedded=True)

    assert {finding.level for finding in postgres + nats} == {"ok"}
    assert [finding.subject for finding in postgres + nats] == ["PostgreSQL", "tables", "NATS", "streams", "durability"]


def test_what_runs_is_found_by_the_data_folder(folder: Folder, database_url: Secret, nats_url: Secret) -> None:
    with serving(WELL) as gateway:
        folder.publish(ADDRESS, gateway.address)
        folder.publish(DATABASE_URL, database_url.reveal())
        folder.publish(NATS_URL, nats_url.reveal())

        result = doctor(folder, SEERR_URL=gateway.address, SEERR_API_KEY="x", PLEX_HOST=gateway.address, PLEX_TOKEN="x")

    assert result.exit_code == 0, result.output
    assert found(result)["Seerr"] == ("ok", "version 2.7.3 answers")
    assert found(result)["Plex"] == ("ok", "the server answers")
    assert found(result)["syncer"] == ("ok", "1 at work")
    assert found(result)["streams"][0] == "warn"


def test_a_refused_sender_is_told_and_is_no_failure(folder: Folder) -> None:
    item = {
        "source": "seerr",
        "address": "192.168.1.20",
        "text": "its secret is wrong",
        "mend": "copy the address again from `usher webhooks list`",
        "count": 1,
        "first_at": "2026-01-31T09:00:00Z",
        "last_at": "2026-01-31T09:00:00Z",
    }
    with serving({**WELL, "GET /api/webhooks/refused": {"items": [item], "total": 1}}) as gateway:
        folder.publish(ADDRESS, gateway.address)

        result = doctor(folder)

    level, text = found(result)["seerr webhooks"]
    assert (result.exit_code, level) == (0, "warn")
    assert text.startswith("a sender at 192.168.1.20 was refused once, last at ")
    assert "usher webhooks list" in result.output


def test_a_run_that_failed_is_told_until_a_newer_one_ended_well(folder: Folder) -> None:
    failed = {
        "id": "r1",
        "kind": "seerr",
        "status": "error",
        "finished_at": "2026-01-31T03:05:00Z",
        "errors": [{"what": "the run", "why": "Seerr does not let us in (401)"}],
    }
    results = []
    for run in (failed, {**failed, "status": "success"}, None):
        kinds = {"kinds": [{"kind": "seerr", "next_at": None, "run": run}]}
        with serving({**WELL, "GET /api/sync/status": kinds}) as gateway:
            folder.publish(ADDRESS, gateway.address)
            results.append(doctor(folder))

    findings = [found(result).get("seerr run", ("", "")) for result in results]
    assert [level for level, _text in findings] == ["warn", "ok", ""]
    assert "Seerr does not let us in (401)" in findings[0][1]
    assert "usher runs show r1" in results[0].output


def test_every_wrong_variable_is_told_at_once(folder: Folder) -> None:
    result = doctor(folder, LOG_LEVEL="LOUD", USHER_PORT="0", NATS_REPLICAS="9", USHER_ALLOW_PRIVATE="nonsense")

    findings = json.loads(result.output)["findings"]
    assert result.exit_code == 1
    assert [each["text"].split(" ")[0] for each in findings] == ["LOG_LEVEL", "NATS_REPLICAS", "USHER_PORT"]


def test_names_of_another_tool_are_reported_and_so_is_one_that_has_no_effect(folder: Folder) -> None:
    result = doctor(folder, OVERSEERR_URL="http://127.0.0.1:1", SEERR_API_KEY="x", OVERSEERR_API_KEY="y")

    findings = [each for each in json.loads(result.output)["findings"] if each["subject"] == "settings"]
    assert [(each["level"], each["text"], each["mend"]) for each in findings] == [
        ("ok", "SEERR_URL is read from OVERSEERR_URL", ""),
        ("warn", "OVERSEERR_API_KEY is not read, because SEERR_API_KEY is set too", "remove OVERSEERR_API_KEY"),
    ]


def test_networks_that_are_malformed_are_reported(folder: Folder) -> None:
    assert "USHER_ALLOW_PRIVATE is 'nonsense'" in doctor(folder, USHER_ALLOW_PRIVATE="nonsense").output


def test_what_is_away_fails_with_a_way_to_mend_it(folder: Folder) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    folder.publish(ADDRESS, f"http://{nobody}")

    result = doctor(folder, DATABASE_URL=f"postgresql://u:canary@{nobody}/d", NATS_URL=f"nats://u:canary@{nobody}")

    findings = json.loads(result.output)["findings"]
    assert result.exit_code == 1
    assert {each["subject"] for each in findings if each["level"] == "fail"} == {"PostgreSQL", "NATS", "gateway"}
    assert [each for each in findings if each["level"] != "ok" and not each["mend"]] == []
    assert "canary" not in result.output


def test_what_answers_and_is_something_else_fails(folder: Folder) -> None:
    with serving({"GET /api/v1/status": {"name": "x"}, "GET /identity": {"name": "x"}}) as stranger:
        folder.publish(ADDRESS, stranger.address)

        result = doctor(
            folder, SEERR_URL=stranger.address, SEERR_API_KEY="x", PLEX_HOST=stranger.address, PLEX_TOKEN="x"
        )

    assert {subject: level for subject, (level, _) in found(result).items() if level == "fail"} == dict.fromkeys(
        ["gateway", "Seerr", "Plex"], "fail"
    )


async def test_tables_and_streams_that_do_not_exist_yet_are_reported(postgres_url: Secret, nats_url: Secret) -> None:
    postgres = await check_postgres(postgres_url)
    nats = await check_nats(nats_url, credentials="", replicas=1, is_embedded=False)

    assert [finding.level for finding in postgres] == ["ok", "warn"]
    assert nats[1].text == "WEBHOOKS, INTERACTIONS, JOBS, EVENTS, DEAD: not there"


async def test_a_stream_that_is_not_as_declared_is_named_with_what_differs(nats_url: Secret, bus: Bus) -> None:
    await bus.ready()

    nats = await check_nats(nats_url, credentials="", replicas=3, is_embedded=False)

    assert nats[1].text == "WEBHOOKS differs in num_replicas"


async def test_a_wrong_password_is_distinguished_from_a_server_that_is_away(own_nats: tuple[Running, Secret]) -> None:
    stranger = Secret(own_nats[1].reveal().replace("://usher:", "://usher:canary"))
    away = Secret(f"nats://u:canary@127.0.0.1:{free_port()}")

    (refused,) = await check_nats(stranger, credentials="", replicas=1, is_embedded=False)
    (silent,) = await check_nats(away, credentials="", replicas=1, is_embedded=False)

    assert "Authorization Violation" in refused.text
    assert "Connect call failed" in silent.text
    assert "canary" not in refused.text + silent.text
