"""People who watch things: Usher understands their servers' webhooks."""

from datetime import UTC, datetime
from random import Random

from services.syncer.history.sources.outcome import Ignored, Watched
from services.syncer.history.sources.parsing import parse
from simulators.town import OWNER, Town
from simulators.viewers import AT_ONCE, Sent, Viewers

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def payload(sent: Sent) -> bytes:
    body = sent.post.body
    return body.split(b"\r\n\r\n", 1)[1].split(b"\r\n--", 1)[0] if sent.server == "plex" else body


def viewers(town: Town) -> Viewers:
    return Viewers(town, Random(7))  # noqa: S311 (of who watches what)


def watched(town: Town, steps: int) -> list[tuple[Sent, Watched]]:
    """Take steps, and return the plays that Usher reads from them."""
    watching = viewers(town)
    sent = [each for _ in range(steps) for each in watching.step()]
    read = [(each, parse(each.server, payload(each), received_at=NOW)) for each in sent]
    assert [outcome for _, outcome in read if isinstance(outcome, Ignored) and "hint" not in outcome.reason] == []
    return [(each, outcome) for each, outcome in read if isinstance(outcome, Watched)]


def test_what_is_watched_to_the_end_is_a_play_of_whoever_watched_it() -> None:
    town = Town()
    accounts = {resident.name: str(resident.plex.id) for resident in town.residents.values()} | {OWNER: "1"}

    plays = watched(town, 60)

    assert len(plays) == 60 - AT_ONCE
    assert {each.server for each, _ in plays} == {"plex", "jellyfin"}
    assert all(play.account.name == each.line.split()[0] for each, play in plays)
    assert all(play.account.id == accounts[play.account.name] for each, play in plays if each.server == "plex")
    assert all(play.account.is_owner == (play.account.name == OWNER) for each, play in plays if each.server == "plex")


def test_nobody_watches_two_things_at_a_time_and_the_server_shows_it() -> None:
    town = Town()
    watching = viewers(town)
    for _ in range(50):
        watching.step()
        names = [session.account_name for session in town.plex_server.library.sessions]

        assert len(names) == len(set(names)) <= AT_ONCE


def test_nothing_is_watched_twice_before_all_is_watched_once() -> None:
    town = Town()
    items = [item for item in town.plex_server.library.items.values() if item.type in {"movie", "episode"}]
    pairs = len(items) * len(town.residents)

    plays = watched(town, pairs + AT_ONCE)

    assert (
        len({(play.account.name, play.title.show, play.title.season, play.title.title) for _, play in plays}) == pairs
    )
