"""From webhook to history: payloads that senders and templates make hard to read."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from services.syncer.history.handlers import Handlers
from services.syncer.history.sources import parsing
from shared.bus.connection import Bus
from shared.runtime import Service
from shared.schemas.secret import Secret
from tests.integration.gateway.house import WEBHOOK_SECRET, House, prepared, settings
from tests.integration.service import at_work, parts_of, until

END: Final = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
STOPPED: Final = {"NotificationType": "PlaybackStop", "PlayedToCompletion": True, "ServerId": "s", "ItemId": "i"}
SAVED: Final = {"NotificationType": "UserDataSaved", "SaveReason": "PlaybackFinished", "Played": True, "ServerId": "s"}
EPISODES: Final = {"Name": "A / B", "SeriesName": "S", "EpisodeNumber": 14, "EpisodeNumberEnd": 15, "SeasonNumber": 5}
DTO: Final = {"Type": "Episode", "Name": "A / B", "SeriesName": "S", "ParentIndexNumber": 5}
TAUTULLI: Final = '{"event":"watched","media_type":"movie","title":"N\tO","user":"f","summary":"a\nb","rating_key":"7"}'

Shown = tuple[str, str, int | None]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """The webhooks of one account, and its plays: account, title, episode."""

    source: str = "jellyfin"
    sent: list[dict[str, Any] | str]
    shown: list[Shown]


def movie(account: str, **others: object) -> dict[str, object]:
    return {**STOPPED, "ItemType": "Movie", "Name": "N", "UserId": account, **others}


def saved(account: str, *, began: timedelta, end: datetime = END) -> dict[str, object]:
    times = {"LastPlayedDate": (end - began).isoformat(), "UtcTimestamp": end.isoformat()}
    return movie(account, RunTimeTicks=54_000_000_000) | SAVED | times


def stopped(account: str, *, end: datetime = END) -> dict[str, object]:
    return movie(account, RunTimeTicks=54_000_000_000, UtcTimestamp=(end + timedelta(seconds=1)).isoformat())


HALF_TWO: Final = timedelta(minutes=90)
YESTERDAY: Final = END - timedelta(days=1)
CASES: Final = [
    Case(sent=[saved("a", began=HALF_TWO), stopped("a"), saved("a", began=HALF_TWO)], shown=[("a", "N", None)]),
    Case(sent=[stopped("b"), saved("b", began=HALF_TWO * 4), stopped("b")], shown=[("b", "N", None)]),
    Case(
        sent=[
            saved("c", began=HALF_TWO),
            saved("c", began=HALF_TWO, end=YESTERDAY),
            stopped("c"),
            stopped("c", end=YESTERDAY),
        ],
        shown=[("c", "N", None)] * 2,
    ),
    Case(
        sent=[{**STOPPED, **EPISODES, "ItemType": "Episode", "UserId": "d", "Provider_tvdb": "5"}],
        shown=[("d", "A / B", 14), ("d", "A / B", 15)],
    ),
    Case(
        source="emby",
        sent=[
            {
                "Event": "playback.stop",
                "User": {"Id": "e", "Name": "e"},
                "Server": {"Id": "t"},
                "Item": {**DTO, "Id": "e", "IndexNumber": 14, "IndexNumberEnd": 16},
                "PlaybackInfo": {"PlayedToCompletion": True},
            }
        ],
        shown=[("e", "A / B", 14), ("e", "A / B", 15), ("e", "A / B", 16)],
    ),
    Case(
        sent=[
            {
                "Event": "Scrobble",
                "User": {"Id": "w", "Name": "w"},
                "Server": {"Id": "s"},
                "Item": {**DTO, "Id": "e", "IndexNumber": 14, "IndexNumberEnd": 15},
            },
            {
                "Event": "Scrobble",
                "User": {"Id": "w", "Name": "w"},
                "Server": {"Id": "s"},
                "Item": {**DTO, "Id": "f", "IndexNumber": 20, "IndexNumberEnd": 2_000_000_000},
            },
        ],
        shown=[("w", "A / B", 14), ("w", "A / B", 15), ("w", "A / B", 20)],
    ),
    Case(
        sent=[json.dumps(movie("x", Overview="a|b")).replace("|", "\n\t\x1b")],
        shown=[("x", "N", None)],
    ),
    Case(source="tautulli", sent=[TAUTULLI], shown=[("f", "N O", None)]),
    Case(source="seerr", sent=['{"notification_type":"TEST_NOTIFICATION","message":"a\r\nb"}'], shown=[]),
    Case(
        sent=[movie("", PlayedToCompletion="True", Name="&#28023;&#23777;", NotificationUsername="J&#252;rgen")],
        shown=[("Jürgen", "海峡", None)],
    ),
    Case(sent=[movie("g", Name="Tom &amp; Jerry")], shown=[("g", "Tom &amp; Jerry", None)]),
    Case(
        sent=[json.dumps(movie("h", PlayedToCompletion="True", Name="Say |Hi&#x21;|")).replace("|", r"\&quot;")],
        shown=[("h", 'Say "Hi!"', None)],
    ),
]


async def send(house: House, case: Case) -> int:
    """Send a case's webhooks, and return how many were stored for the first time."""
    stored = 0
    for payload in case.sent:
        answer = await house.http.post(
            f"/webhooks/{case.source}?token={WEBHOOK_SECRET}",
            content=payload if isinstance(payload, str) else json.dumps(payload),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 202, (payload, answer.text)
        stored += not answer.json()["duplicate"]
    return stored


async def test_plays_are_shown_as_they_were_meant(
    bus: Bus, database_url: Secret, nats_url: Secret, tmp_path: Path
) -> None:
    async with (
        prepared(settings(database_url, nats_url, tmp_path)) as house,
        parts_of("syncer", bus=bus, database_url=database_url) as parts,
    ):
        service = Service(parts)
        handlers = Handlers(worker=parts.worker, pool=parts.pool, parse=parsing.parse_webhook)
        handlers.add_to(service)
        async with at_work(service):
            sent = sum([await send(house, case) for case in CASES])

            async def are_handled() -> bool:
                events = (await house.get("/api/events", limit=200)).json()["items"]
                told = [event["status"] for event in events if event["source"] != "seerr"]
                return len(events) == sent and set(told) <= {"handled", "ignored"}

            await until(are_handled)
            plays = (await house.get("/api/history", limit=200)).json()["items"]

    shown = sorted((play["account"]["name"], play["title"], play["episode"] or 0) for play in plays)
    assert shown == sorted((*what[:2], what[2] or 0) for case in CASES for what in case.shown)
    assert len({play["id"] for play in plays}) == len(plays)
    assert [play["ids"]["tvdb"] for play in plays if play["account"]["id"] == "d" and play["episode"] != 14] == [None]
    ends = {END, END + timedelta(seconds=1), YESTERDAY, YESTERDAY + timedelta(seconds=1)}
    assert {datetime.fromisoformat(play["watched_at"]) for play in plays if play["account"]["id"] in "abc"} <= ends
