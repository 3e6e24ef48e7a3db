from pathlib import Path

import msgspec
import pytest

from cli.checks.addresses import parts_of
from cli.checks.finding import Finding
from cli.checks.linked_accounts import findings_of
from cli.checks.refused_senders import findings_of as senders_of
from cli.checks.seerr_version import check_seerr_version
from cli.checks.storage import check_folder
from cli.checks.variables import check_keys, check_upstreams
from cli.folder import ENCRYPTION_KEYS, Folder
from shared.keyring import new_key
from shared.schemas.secret import Secret
from shared.settings import UpstreamSettings


def levels(findings: list[Finding]) -> dict[str, str]:
    return {finding.subject: finding.level for finding in findings}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "ok"),
        ({"discord_application_id": "1014270561534541824", "discord_public_key": "0" * 64}, "fail"),
        (
            {
                "discord_application_id": "1014270561534541824",
                "discord_public_key": "0" * 64,
                "discord_bot_token": Secret("x"),
            },
            "ok",
        ),
    ],
)
def test_discord_is_set_up_wholly_or_not_at_all(given: dict[str, str], expected: str) -> None:
    assert levels(check_upstreams(UpstreamSettings(**given)))["Discord"] == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("version", ["1.34.0", "2.7.3", "3.3.9", "v3.3.0", "3.3.0-rc.1", "3.3"])
def test_a_seerr_with_a_hole_is_warned_of(version: str) -> None:
    (finding,) = check_seerr_version(version)

    assert (finding.level, "3.4.0" in finding.mend, "GHSA-mc6w-69r3-62h8" in finding.text) == ("warn", True, True)


@pytest.mark.parametrize(
    "version", ["3.4.0", "3.4", "3.10.1", "4.0.0", "develop-local", "develop-00479d76", "", "nightly", None]
)
def test_a_seerr_without_it_or_of_no_known_version_is_left_in_peace(version: str | None) -> None:
    assert check_seerr_version(version) == []


def test_what_is_lacking_is_named_and_no_secret_is_shown() -> None:
    findings = check_upstreams(UpstreamSettings(seerr_api_key=Secret("canary")))

    (finding,) = [finding for finding in findings if finding.level == "fail"]
    assert finding.text == "SEERR_API_KEY without SEERR_URL"
    assert b"canary" not in msgspec.json.encode(findings)


@pytest.mark.parametrize(
    ("keys", "level"),
    [
        (Secret(""), "warn"),
        (new_key("k1"), "ok"),
        (Secret(f"{new_key('k2').reveal()},{new_key('k1').reveal()}"), "ok"),
        (Secret("k1:canary"), "fail"),
        (Secret("canary"), "fail"),
    ],
)
def test_encryption_keys_are_read_as_services_read_them(keys: Secret, level: str) -> None:
    finding = check_keys(keys)

    assert finding.level == level
    assert "canary" not in finding.text + finding.mend


def test_a_secret_that_others_may_read_is_found(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path / "data"))
    folder.make()
    folder.keep(ENCRYPTION_KEYS, lambda: Secret("x")).chmod(0o644)

    findings = check_folder(folder)

    assert levels(findings)["data folder"] == "fail"
    assert "chmod go= " in findings[0].mend


def test_a_folder_that_is_not_there_yet_is_no_failure(tmp_path: Path) -> None:
    assert [finding.level for finding in check_folder(Folder(str(tmp_path / "none")))] == ["warn"]


def test_a_service_that_does_not_answer_and_webhooks_that_wait_are_told() -> None:
    health = {
        "status": "degraded",
        "services": [{"name": "linker", "replicas": 2}, {"name": "syncer", "replicas": 0}],
        "spool": {"records": 7},
    }

    assert levels(parts_of(health)) == {"linker": "ok", "syncer": "fail", "spool": "warn"}


@pytest.mark.parametrize(("records", "said"), [(7, "7 webhooks are lost"), (None, "webhooks may be lost")])
def test_a_damaged_spool_is_told_with_what_is_left_of_it(records: int | None, said: str) -> None:
    damage = {
        "noticed_at": "2026-01-31T18:00:00Z",
        "file": "spool-0.sqlite",
        "records": records,
        "reason": "the file is gone, or cut to nothing",
        "kept_as": "spool-0.sqlite.damaged-1",
    }

    (finding,) = parts_of({"spool": {"records": 0, "damage": [damage]}})

    assert (finding.level, finding.subject) == ("fail", "spool damage")
    assert finding.text.startswith(f"{said} in spool-0.sqlite, found 2026-01-31 ")
    assert "spool-0.sqlite.damaged-1" in finding.text
    assert "damage.jsonl" in finding.mend


def test_an_answer_of_another_version_is_survived() -> None:
    assert parts_of({}) == []
    assert parts_of({"services": [{}], "spool": {}})[0].level == "fail"


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("plex", "Ada links it again: `/link`, or `usher link plex`"),
        ("jellyfin", "Ada links it again: `usher link jellyfin`"),
        ("emby", "Ada links it again: `usher link emby ada`"),
    ],
)
def test_how_to_link_again_is_a_way_that_there_is(provider: str, expected: str) -> None:
    dead = {
        "provider": provider,
        "account": {"username": "ada"},
        "person": {"name": "Ada"},
        "state": "dead",
        "reason": None,
    }

    [finding] = findings_of([dead])

    assert finding.mend == expected


def test_accounts_that_must_be_linked_again_are_named() -> None:
    dead = {
        "provider": "plex",
        "account": {"username": "ada"},
        "person": {"name": "Ada"},
        "state": "dead",
        "reason": "plex.tv does not accept the credential (401)",
    }

    findings = findings_of([dead, {**dead, "state": "ok"}])

    assert [(each.level, each.subject, each.text) for each in findings] == [("warn", "plex ada", dead["reason"])]
    assert "usher link plex" in findings[0].mend
    assert [each.level for each in findings_of([{**dead, "state": "ok"}])] == ["ok"]
    assert findings_of([]) == []


def test_a_sender_that_was_refused_is_told_with_how_to_mend_it() -> None:
    item = {
        "source": "seerr",
        "address": "192.168.1.20",
        "reason": "method",
        "text": "it uses GET",
        "mend": "set the sender's method to POST",
        "count": 2,
        "first_at": "2026-01-31T09:00:00Z",
        "last_at": "2026-01-31T18:00:00Z",
    }

    first, others, more = senders_of({"items": [item, {**item, "address": None, "count": 1}], "total": 7})

    assert (first.level, first.subject, first.mend) == ("warn", "seerr webhooks", "set the sender's method to POST")
    assert first.text.startswith("a sender at 192.168.1.20 was refused 2 times since 2026-01-31 ")
    assert first.text.endswith(": it uses GET")
    assert others.text.startswith("senders at many other addresses were refused once, last at ")
    assert more.text == "5 more senders were refused"


def test_no_refused_sender_is_well() -> None:
    assert [finding.level for finding in senders_of({"items": [], "total": 0})] == ["ok"]
