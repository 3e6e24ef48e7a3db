"""The health routes and metrics of Usher."""

from pathlib import Path

import pytest

from shared.bus.connection import Bus
from shared.bus.discovery import replicas
from shared.bus.questions import Answers
from shared.errors import UnavailableError
from shared.schemas.secret import Secret
from shared.telemetry import Tracer
from tests.integration.gateway.house import WEBHOOK_SECRET, House, open_house, prepared, settings
from tests.integration.servers import Running
from tests.integration.service import until

NOWHERE_POSTGRES = Secret("postgresql://usher:canary-of-postgres@127.0.0.1:1/usher")
NOWHERE_NATS = Secret("nats://usher:canary-of-nats@127.0.0.1:1")
PAYLOAD = {"NotificationType": "PlaybackStop"}


async def test_every_service_is_counted(house: House, bus: Bus) -> None:
    for service in ("linker", "syncer", "requester"):
        await bus.add(Answers(service, (), tracer=Tracer()))

    async def is_well() -> bool:
        return bool((await house.get("/api/health")).json()["status"] == "ok")

    await until(is_well)
    health = (await house.get("/api/health")).json()

    assert [(each["name"], each["replicas"]) for each in health["services"]] == [
        ("gateway", 1),
        ("linker", 1),
        ("syncer", 1),
        ("requester", 1),
    ]
    assert (health["nats"], health["postgres"], health["spool"]["is_on"]) == (True, True, True)


async def test_services_of_another_program_are_not_ours(bus: Bus) -> None:
    await bus.add(Answers("linker", (), tracer=Tracer()))

    async def answer(message: object) -> None:
        await bus.client.publish(message.reply, b'{"name":"other","id":"1","version":"1"}')  # type: ignore[attr-defined]
        await bus.client.publish(message.reply, b"nonsense")  # type: ignore[attr-defined]

    await bus.client.subscribe("$SRV.PING", cb=answer)

    found = await replicas(bus)

    assert [replica.name for replica in found] == ["linker"]


async def test_a_nats_that_stands_still_is_reported_as_away(
    database_url: Secret, own_nats: tuple[Running, Secret], tmp_path: Path
) -> None:
    server, url = own_nats
    async with prepared(settings(database_url, url, tmp_path)) as house:

        async def is_there() -> bool:
            return bool((await house.get("/api/health")).json()["nats"])

        await until(is_there)
        server.freeze()
        frozen = (await house.get("/api/health")).json()
        server.thaw()

        assert (frozen["status"], frozen["nats"], frozen["postgres"]) == ("degraded", False, True)
        await until(is_there)


async def test_a_missing_service_is_degraded(house: House) -> None:
    assert (await house.get("/api/health")).json()["status"] == "degraded"


async def test_figures_are_for_prometheus_and_have_few_series(house: House) -> None:
    for number in range(20):
        await house.get(f"/api/events/event-{number}")
        await house.get(f"/nowhere/{number}", headers={})
        await house.webhook("jellyfin", {**PAYLOAD, "n": number})
        await house.http.request(f"METHOD{number}", "/health")

    answer = await house.get("/metrics", headers={})

    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert answer.headers["content-type"].count("charset") == 1
    assert 'usher_webhooks_total{result="stored",source="jellyfin"}' in answer.text
    assert 'usher_http_requests_total{method="GET",route="/api/events/{event_id}",status="404"}' in answer.text
    assert "event-1" not in answer.text
    assert "/nowhere" not in answer.text
    assert "METHOD1" not in answer.text
    assert "usher_spool_records 0.0" in answer.text


async def test_nothing_is_ready_before_the_first_secrets_are_known(nats_url: Secret, tmp_path: Path) -> None:
    async with open_house(settings(NOWHERE_POSTGRES, nats_url, tmp_path)) as house:
        ready, refused = await house.get("/ready"), await house.webhook("jellyfin", PAYLOAD)

        assert (ready.status_code, refused.status_code) == (503, 503)
        assert refused.headers["Retry-After"] == "5"
        assert (await house.get("/health")).status_code == 200


async def test_without_postgres_the_api_says_so_and_webhooks_are_taken(
    database_url: Secret, nats_url: Secret, tmp_path: Path
) -> None:
    async with prepared(settings(database_url, nats_url, tmp_path)):
        pass

    async with open_house(settings(NOWHERE_POSTGRES, nats_url, tmp_path)) as house:
        for path in ("/api/events", "/api/auth/verify", "/api/history", "/api/health"):
            answer = await house.get(path)
            assert answer.status_code == 503, path
            assert "Retry-After" in answer.headers
            assert answer.headers["content-type"] == "application/problem+json"
            assert "canary" not in answer.text
        login = await house.post("/api/auth/login", {"username": "admin", "password": "x"}, headers={})
        assert login.status_code == 503
        assert (await house.webhook("jellyfin", PAYLOAD)).status_code == 202
        assert (await house.get("/ready")).status_code == 200


async def test_with_postgres_and_nats_both_away_webhooks_are_spooled_and_come_out_later(
    database_url: Secret, nats_url: Secret, tmp_path: Path
) -> None:
    config = settings(database_url, nats_url, tmp_path)
    async with prepared(config):
        pass

    async with open_house(settings(NOWHERE_POSTGRES, NOWHERE_NATS, tmp_path)) as house:
        answers = [await house.webhook("jellyfin", {**PAYLOAD, "n": number}) for number in range(20)]
        assert [answer.status_code for answer in answers] == [202] * 20
        assert (await house.get("/ready")).status_code == 200

    ids = {answer.json()["id"] for answer in answers}
    async with prepared(
        settings(database_url, nats_url, tmp_path, usher_encryption_keys=config.usher_encryption_keys)
    ) as house:

        async def all_there() -> bool:
            page = (await house.get("/api/events", limit=200)).json()
            return {item["id"] for item in page["items"]} == ids

        await until(all_there)
        assert (await house.get("/api/health")).json()["spool"]["records"] == 0


async def test_without_a_spool_readiness_follows_nats(database_url: Secret, nats_url: Secret, tmp_path: Path) -> None:
    async with prepared(settings(database_url, nats_url, tmp_path, usher_spool="off")) as house:
        assert (await house.get("/ready")).status_code == 200

    async with open_house(settings(NOWHERE_POSTGRES, NOWHERE_NATS, tmp_path, usher_spool="off")) as house:
        ready, refused = await house.get("/ready"), await house.webhook("jellyfin", PAYLOAD, token=WEBHOOK_SECRET)

        assert (ready.status_code, refused.status_code) == (503, 503)
        assert "Retry-After" in refused.headers


@pytest.mark.parametrize("name", ["EVENTS", "DEAD"])
async def test_a_stream_that_is_full_is_named_and_webhooks_are_taken(house: House, bus: Bus, name: str) -> None:
    await shrink(bus, name)
    await fill(bus, f"{name.lower()}.nobody.takes.this")

    health = (await house.get("/api/health")).json()

    assert health["status"] == "degraded"
    assert [problem["part"] for problem in health["problems"]] == [name]
    assert f"the stream {name} is full or nearly so" in health["problems"][0]["text"]
    assert (await house.get("/ready")).status_code == 200


async def test_without_a_spool_a_full_stream_of_webhooks_is_not_ready(
    database_url: Secret, nats_url: Secret, tmp_path: Path, bus: Bus
) -> None:
    async with prepared(settings(database_url, nats_url, tmp_path, usher_spool="off")) as house:
        await shrink(bus, "WEBHOOKS")
        await fill(bus, "webhooks.plex.media-play")

        refused, ready = await house.webhook("jellyfin", PAYLOAD | {"text": "x" * 8000}), await house.get("/ready")
        health = (await house.get("/api/health")).json()

    assert (refused.status_code, ready.status_code) == (503, 503)
    assert {problem["part"] for problem in health["problems"]} == {"WEBHOOKS", "webhooks"}


async def test_without_a_spool_a_full_stream_of_jobs_keeps_no_webhook_out(
    database_url: Secret, nats_url: Secret, tmp_path: Path, bus: Bus
) -> None:
    async with prepared(settings(database_url, nats_url, tmp_path, usher_spool="off")) as house:
        await shrink(bus, "JOBS")
        await fill(bus, "jobs.nobody.takes.this")

        ready, taken = await house.get("/ready"), await house.webhook("jellyfin", PAYLOAD)

    assert (ready.status_code, taken.status_code) == (200, 202)


async def shrink(bus: Bus, name: str) -> None:
    stream = bus.client.jetstream()
    await stream.update_stream((await stream.stream_info(name)).config.evolve(max_bytes=100_000))


async def fill(bus: Bus, subject: str) -> None:
    for number in range(1000):
        try:
            await bus.publish(subject, b"%d" % number + bytes(4000), message_id=f"{subject}:{number}")
        except UnavailableError:
            return
    raise AssertionError("it does not fill up")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_method_that_a_route_has_not_is_a_problem(house: House, method: str) -> None:
    answer = await house.http.request(method, "/api/events")

    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
