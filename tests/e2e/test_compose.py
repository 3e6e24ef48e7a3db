"""`docker compose up --build`, then webhooks in and plays out; what a person would check about the containers."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from simulators.senders import plex_post, plex_scrobble
from tests.e2e.compose import SERVICES, Compose, eventually, why_not

pytestmark = [pytest.mark.container, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """Everything healthy, the services started before their servers."""
    if reason := why_not():
        pytest.skip(reason)
    started = Compose(tmp_path_factory.mktemp("compose"))
    try:
        started.run("build", timeout=600)
        started.run("up", "--detach", "--no-deps", *SERVICES)
        started.up()
        yield started
    finally:
        started.remove()


@pytest.fixture(scope="module")
def gateway(compose: Compose) -> Iterator[httpx.Client]:
    with compose.client() as client:
        yield client


class Plex:
    """A Plex server that reports watched movies."""

    def __init__(self, gateway: httpx.Client, secret: str) -> None:
        self._gateway = gateway
        self._secret = secret

    def scrobble(self, movie: int) -> httpx.Response:
        post = plex_post(plex_scrobble(movie), with_picture=True)
        path = f"/webhooks/plex?token={self._secret}"
        return self._gateway.post(path, content=post.body, headers=post.headers)


@pytest.fixture(scope="module")
def plex(compose: Compose, gateway: httpx.Client) -> Plex:
    return Plex(gateway, compose.settings["USHER_WEBHOOK_SECRET"])


def plays(gateway: httpx.Client, *movies: int) -> list[dict[str, Any]]:
    """Return the plays of these movies; none while the syncer is away."""
    imdb = {f"tt{7_000_000 + movie}" for movie in movies}
    answer = gateway.get("/api/history", params={"limit": 200})
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return []
    return [play for play in answer.raise_for_status().json()["items"] if play["ids"]["imdb"] in imdb]


def test_services_that_start_first_wait_for_their_servers(compose: Compose) -> None:
    restarts = {service: [found["RestartCount"] for found in compose.inspect(service)] for service in SERVICES}

    assert restarts == {service: [0] for service in SERVICES}


def test_a_webhook_goes_in_and_a_play_comes_out(gateway: httpx.Client, plex: Plex) -> None:
    taken = plex.scrobble(1)

    assert taken.status_code == 202
    address = f"/api/events/{taken.json()['id']}"
    event = eventually(lambda: gateway.get(address).json(), is_it=lambda seen: seen.get("status") == "handled")
    assert (event["source"], event["event"], event["status"]) == ("plex", "media.scrobble", "handled")
    [play] = eventually(lambda: plays(gateway, 1), is_it=lambda seen: len(seen) == 1)
    assert (play["type"], play["title"], play["account"]["name"]) == ("movie", "Simulated movie 1", "user1")


def test_a_webhook_is_taken_while_nats_is_away(compose: Compose, gateway: httpx.Client, plex: Plex) -> None:
    compose.run("stop", "nats")
    taken = plex.scrobble(2)
    compose.up("nats")

    assert taken.status_code == 202
    assert len(eventually(lambda: plays(gateway, 2), is_it=lambda seen: len(seen) == 1)) == 1


def test_three_syncers_store_each_play_once_though_they_restart(
    compose: Compose, gateway: httpx.Client, plex: Plex
) -> None:
    movies = range(100, 150)
    compose.up("--scale", "syncer=3", "syncer")

    answers = [plex.scrobble(movie).status_code for movie in movies[:25]]
    compose.run("restart", "syncer")
    answers += [plex.scrobble(movie).status_code for movie in movies[25:]]

    assert len(compose.inspect("syncer")) == 3
    assert answers == [202] * 50
    eventually(lambda: plays(gateway, *movies), is_it=lambda seen: len(seen) >= 50)
    time.sleep(2)  # a second copy would come late
    assert sorted(play["title"] for play in plays(gateway, *movies)) == [f"Simulated movie {movie}" for movie in movies]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_runs_without_rights(compose: Compose, service: str) -> None:
    user = compose.run("exec", "--no-TTY", service, "id", "-u").strip()
    status = compose.run("exec", "--no-TTY", service, "cat", "/proc/1/status").splitlines()
    rights = dict(line.split(":\t", 1) for line in status if line.startswith(("CapEff", "CapPrm", "NoNewPrivs")))

    assert user == "10001"
    assert rights == {"CapPrm": "0" * 16, "CapEff": "0" * 16, "NoNewPrivs": "1"}
    assert compose.fails(service, "touch", "/opt/usher/written")
    assert not compose.fails(service, "sh", "-c", "touch $HOME/written")


def test_only_the_gateway_is_reachable_from_outside(compose: Compose) -> None:
    published = {
        service: [port for port, hosts in found["NetworkSettings"]["Ports"].items() if hosts]
        for service in (*SERVICES, "postgres", "nats")
        for found in compose.inspect(service)
    }

    assert published.pop("gateway") == ["8000/tcp"]
    assert set(map(tuple, published.values())) == {()}


def test_nats_writes_every_message_to_the_disk_before_it_acknowledges(compose: Compose) -> None:
    address = "http://127.0.0.1:8222/varz"

    answer = json.loads(compose.run("exec", "--no-TTY", "nats", "wget", "-q", "-O", "-", address))

    assert answer["jetstream"]["config"]["sync_always"] is True
    assert answer["jetstream"]["config"]["store_dir"].startswith("/data")


def test_the_logs_hold_no_secret(compose: Compose, gateway: httpx.Client, plex: Plex) -> None:
    plex.scrobble(200)
    wrong = "wrong-secret-of-a-stranger"
    Plex(gateway, wrong).scrobble(201)
    secret = [value for name, value in compose.settings.items() if name.endswith(("PASSWORD", "KEY", "KEYS", "SECRET"))]

    logs = compose.run("logs", "--no-color")

    assert len(secret) == 6
    assert [value for value in (*secret, wrong) if value in logs] == []
    assert not [value for value in secret if value.removeprefix("k1:") in logs]


def test_everything_stops_cleanly_and_finds_its_plays_again(compose: Compose, gateway: httpx.Client) -> None:
    before = plays(gateway, *range(300))
    compose.run("stop")
    codes = {found["State"]["ExitCode"] for service in (*SERVICES, "nats") for found in compose.inspect(service)}
    compose.up()

    assert codes == {0}
    assert plays(gateway, *range(300)) == before != []
