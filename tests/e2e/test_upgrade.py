"""A data folder of the last version, full of unfinished work, is started: everything is finished, once."""

import json
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from simulators.asgi import Request
from simulators.senders import jellyfin_post
from tests.e2e.upgrade import work
from tests.e2e.upgrade.folder import Builder
from tests.e2e.upgrade.messages import sent
from tests.e2e.upgrade.sealed import LOCAL_API_KEY, SESSION, WEBHOOK_SECRET
from tests.e2e.upgrade.town import DISCORD, surroundings
from tests.e2e.upgrade.upgraded import Upgraded
from tests.house import API_KEY, PASSWORD, House
from tests.integration.supervisor.running import until

pytestmark = pytest.mark.timeout(120)

PLAYS: Final = {
    "p-anna": {
        "Handled before",
        "Handled, and its acknowledgement was lost",
        "Stored, and its event still to be published",
        "Delivered and not acknowledged",
        "Streamed",
        "Streamed from Jellyfin",
        "Streamed from Emby",
        "Streamed from Tautulli",
        "Retried",
        "Replayed before the stop",
        "Asked to be replayed",
        "Spooled",
        "Spooled by a gateway that died",
    },
    "p-carl": {"Watched by who is Carl"},
    "p-bela": {"Watched by who is Bela"},
    "p-dora": {"Watched by who was Dora too"},
}
"""What each person has watched, whatever way the webhook took; a test may add more by hand."""
FOUND_IN_SEERR: Final = ("anna", "bela", "carl", "dora", "gina", "iris", "judy", "ivan", "zelda")
"""By a job in the stream, the table or the outbox, delivered or replayed, or caused by an event."""
REPLIES: Final = {
    "whoami": "emil",
    "delivered": "emil",
    "help": "/link",
    "spooled": "/link",
    "history": "anna",
    "older": "anna",
    "link": "plex.tv",
    "unlink": "uma",
    "reply": "a reply of the linker",
    "syncers": "a reply of the syncer",
    "outbox": "a reply out of the outbox",
    "sign_in": "otto",
}
"""What each answer must contain."""
LETTERS: Final = {
    "kurt": ["a letter that was streamed"],
    "lena": ["a letter that was retried"],
    "nils": ["a letter that was delivered"],
    "tina": ["a reply that came too late"],
}
STILL_DEAD: Final = "d-broken"
WAITING: Final = " union all ".join(
    f"select subject from {service}.{table}"  # noqa: S608 (names of our own)
    for service in ("gateway", "linker", "syncer", "requester")
    for table in ("retries", "outbox")
)


@pytest.fixture(scope="module")
def upgraded() -> Iterator[Upgraded]:
    with tempfile.TemporaryDirectory(prefix="usher-e2e-") as name, surroundings() as around:
        folder = Path(name) / "data"
        Builder(folder, around).build()
        house = House(folder, variables=around.settings)
        try:
            house.start()
            yield Upgraded(house, around)
        finally:
            house.stop()


def test_the_database_stays_postgresql_18(upgraded: Upgraded) -> None:
    [(version,)] = upgraded.rows("show server_version_num")

    assert (upgraded.house.folder / "postgres/cluster/PG_VERSION").read_text() == "18\n"
    assert int(version) // 10_000 == 18


def test_keys_sessions_and_passwords_still_open(upgraded: Upgraded) -> None:
    login = upgraded.post("/api/auth/login", {"username": "admin", "password": PASSWORD}, key="")

    for key in (API_KEY, LOCAL_API_KEY, SESSION, login["token"]):
        assert upgraded.call("/api/people", "GET", key=key)["total"] > 0
    assert (upgraded.house.folder / "secrets/local_api_key").read_text().strip() == LOCAL_API_KEY


def test_the_webhook_address_still_takes_webhooks(upgraded: Upgraded) -> None:
    sender = jellyfin_post(sent("jellyfin", "Sent after").replace("$cellar", upgraded.around.values["cellar"]).encode())
    address = f"{upgraded.house.url}/webhooks/jellyfin?token={WEBHOOK_SECRET}"
    with urllib.request.urlopen(urllib.request.Request(address, data=sender.body, headers=sender.headers)) as response:
        status = response.status

    assert status == 202
    until(lambda: upgraded.titles("p-anna")["Sent after"] == 1)
    assert address.removeprefix(upgraded.house.url) in json.dumps(upgraded.get("/api/webhooks/secrets"))
    assert [path.name for path in upgraded.house.folder.glob("*.json")] == ["webhook-secrets.json"]


@pytest.mark.parametrize("person", PLAYS)
def test_every_viewing_is_one_play_of_its_person(upgraded: Upgraded, person: str) -> None:
    until(lambda: PLAYS[person] <= upgraded.titles(person).keys())

    assert set(upgraded.titles(person).values()) == {1}


def test_the_event_log_knows_what_became_of_every_webhook(upgraded: Upgraded) -> None:
    def pending() -> list[str]:
        return [event["id"] for event in upgraded.house.pages("/api/events?status=pending")]

    until(lambda: {*pending()} <= {"w-outcome-dead", "w-seerr-dead"})
    events = {event["id"]: event for event in upgraded.house.pages("/api/events")}
    assert {*work.NOTED, "w-handled", "w-noted", "w-spooled", "w-left", "w-delivered"} <= events.keys()
    assert events["w-handled"]["attempt"] == 1
    assert events["w-lost"]["reason"] == "stored by then"


@pytest.mark.parametrize("name", REPLIES)
def test_who_waits_in_discord_is_answered(upgraded: Upgraded, name: str) -> None:
    replies, token = upgraded.around.town.discord.interactions, upgraded.around.tokens[name]

    until(lambda: REPLIES[name] in json.dumps(replies.reply(token)))


def test_direct_messages_are_written(upgraded: Upgraded) -> None:
    until(lambda: LETTERS.items() <= upgraded.letters().items())


@pytest.mark.parametrize("name", FOUND_IN_SEERR)
def test_the_seerr_users_are_found(upgraded: Upgraded, name: str) -> None:
    number = int(upgraded.around.values[f"seerr_{name}"])

    until(lambda: upgraded.get(f"/api/people/p-{name}")["seerr_user_id"] == number)


def test_seerr_is_told_what_it_did_not_know(upgraded: Upgraded) -> None:
    users = upgraded.around.town.seerr.users

    def discord_id(name: str) -> str | None:
        settings: dict[str, Any] = users.by_id[int(upgraded.around.values[f"seerr_{name}"])].settings or {}
        return settings.get("discordId")

    until(lambda: all(discord_id(name) == DISCORD[name] for name in ("emil", "finn", "bela", "carl")))
    until(lambda: not discord_id("gwen"))


def test_open_sign_ins_become_linked_accounts(upgraded: Upgraded) -> None:
    def stands() -> str:
        return str(upgraded.post("/api/integrations/plex/auth/check", {"pin_id": "s-nora"})["status"])

    def linked() -> set[str]:
        items = upgraded.get("/api/integrations?all=true&limit=200")["items"]
        return {each["account"]["username"] for each in items if each["state"] == "ok"}

    until(lambda: stands() == "authorized")
    until(lambda: linked() == {"emil", "otto", "nora"})
    until(lambda: all(_person(upgraded, name)["seerr_user_id"] for name in ("otto", "nora")))


def _person(upgraded: Upgraded, name: str) -> Any:
    [person] = upgraded.get(f"/api/people?search={name}")["items"]
    return person


def test_a_kept_token_is_looked_at_again(upgraded: Upgraded) -> None:
    def checked_at() -> str:
        items = upgraded.get("/api/integrations?all=true&limit=200")["items"]
        return next(str(each["checked_at"]) for each in items if each["account"]["username"] == "emil")

    until(lambda: checked_at() > upgraded.around.values["now"])


def test_accounts_of_nobody_are_counted_once(upgraded: Upgraded) -> None:
    def seen() -> dict[str, int]:
        return {each["account_id"]: each["plays"] for each in upgraded.get("/api/people/unclaimed")["items"]}

    wanted = dict.fromkeys(("6000", "6001", "6002", "6004", "6005"), 1)
    until(lambda: wanted.items() <= seen().items())


def test_a_token_that_was_to_end_has_ended(upgraded: Upgraded) -> None:
    jellyfin, token = upgraded.around.town.jellyfin, upgraded.around.jellyfin_token

    until(lambda: not jellyfin.household.is_known(token))


def test_what_was_set_up_is_there(upgraded: Upgraded) -> None:
    servers = {each["name"]: each["type"] for each in upgraded.get("/api/mediaservers")["items"]}

    assert servers == {"Attic": "plex", "Cellar": "jellyfin"}
    assert upgraded.get("/api/seerr")["url"] == upgraded.around.urls["seerr"]
    assert upgraded.get("/api/users/anna/settings")["request_limit"] == 7
    assert upgraded.get("/api/audit?limit=200")["total"] > 0


def test_dead_letters_are_the_same_ones_and_can_be_replayed(upgraded: Upgraded) -> None:
    dead = {"d-webhook", "d-outcome", "d-match", "d-letter", "d-play", "d-seerr", STILL_DEAD}

    def letters() -> dict[str, str]:
        return {each["id"]: each["status"] for each in upgraded.get("/api/deadletters?limit=200")["items"]}

    until(lambda: dead <= letters().keys())
    assert letters() == dict.fromkeys(dead, "waiting")
    for each in dead - {STILL_DEAD}:
        upgraded.post(f"/api/deadletters/{each}/replay")

    until(lambda: upgraded.titles("p-anna")["Dead and replayed"] == 1)
    until(lambda: upgraded.get("/api/people/p-hugo")["seerr_user_id"] == int(upgraded.around.values["seerr_hugo"]))
    until(lambda: upgraded.letters().get("mona") == ["a letter that was dead"])
    until(lambda: "6003" in json.dumps(upgraded.get("/api/people/unclaimed")["items"]))
    until(lambda: [event["id"] for event in upgraded.house.pages("/api/events?status=dead")] == [])
    until(lambda: [event["id"] for event in upgraded.house.pages("/api/events?status=pending")] == [])
    assert letters() == {**dict.fromkeys(dead, "replayed"), STILL_DEAD: "waiting"}


def test_nothing_is_left_and_nothing_has_failed(upgraded: Upgraded) -> None:

    until(lambda: upgraded.unfinished() == {})
    until(lambda: upgraded.rows(WAITING) == [])
    until(lambda: upgraded.get("/api/health")["spool"]["records"] == 0)
    said = [json.loads(line) for line in upgraded.house.log.read_text().splitlines() if line.startswith("{")]
    assert [line for line in said if line["level"] in {"error", "critical"}] == []
    assert [line for line in said if line["event"] == "webhook_secrets_unreadable"] == []
    assert not (upgraded.house.folder / "spool/damage.jsonl").exists()
    assert not list((upgraded.house.folder / "spool").glob("spool-1.sqlite"))


def test_nothing_was_done_twice(upgraded: Upgraded) -> None:
    """Nor repeated if the folder says it was done: a reply, a message, a play, and a handled event."""
    town, tokens = upgraded.around.town, upgraded.around.tokens
    until(lambda: upgraded.unfinished() == {})

    edits = Counter(name for name in tokens for each in town.discord.seen if _edits(each, tokens[name]))
    emails = Counter(user.email for user in town.seerr.users.by_id.values())
    told = Counter(each.path for each in town.seerr.seen if each.method == "POST" and "notifications" in each.path)
    assert edits == dict.fromkeys(REPLIES, 1)
    assert {name: said for name, said in upgraded.letters().items() if name != "mona"} == LETTERS
    assert set(emails.values()) == set(told.values()) == {1}
    assert [each.path for each in town.jellyfin.seen].count("/Sessions/Logout") == 1
    assert [job for job in upgraded.jobs() if "p-lost" in job] == []
    assert {count for person in PLAYS for count in upgraded.titles(person).values()} == {1}


def _edits(request: Request, token: str) -> bool:
    return request.method == "PATCH" and f"/{token}/" in request.path
