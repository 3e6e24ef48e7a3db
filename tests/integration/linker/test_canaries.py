"""Secrets planted everywhere are found only sealed in the vault, whatever goes wrong on their way."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.bus.connection import Bus
from shared.keyring import new_key
from shared.schemas.secret import Secret
from simulators.town import Town
from tests.integration.gateway.house import prepared, settings
from tests.integration.linker import canaries
from tests.integration.linker.canaries import Street
from tests.integration.service import until
from tests.integration.syncer.users.serving import users_of

SEERR_KEY = "canary-seerr-key-0815"
WRONG_KEY = "canary-wrong-seerr-key-0815"
BOT_TOKEN = "canary-bot-token-0815"
TYPED_TOKEN = "canary-typed-plex-token-0815"
PASSWORD = "canary-jellyfin-password-0815"


@pytest.fixture
def town() -> Town:
    made = Town()
    made.seerr.authentication.api_key = SEERR_KEY
    made.discord.app.bot_token = BOT_TOKEN
    return made


@pytest.fixture
async def street(town: Town, bus: Bus, database_url: Secret, nats_url: Secret, tmp_path: Path) -> AsyncIterator[Street]:
    keys = new_key("k1")
    config = settings(
        database_url,
        nats_url,
        tmp_path / "data",
        usher_encryption_keys=keys,
        discord_application_id=town.discord.app.id,
        discord_public_key=town.discord.app.public_key,
    )
    async with (
        canaries.served(town) as given,
        users_of(bus, database_url, keys),  # who is blocked is asked before a user is made
        prepared(config) as house,
    ):
        given |= {
            "DATABASE_URL": database_url.reveal(),
            "NATS_URL": nats_url.reveal(),
            "USHER_ENCRYPTION_KEYS": keys.reveal(),
        }
        with canaries.linker(tmp_path / "linker.log", given):
            await _until_up(street := Street(town, house))
            yield street


async def _until_up(street: Street) -> None:
    async def is_up() -> bool:
        return bool((await street.house.get("/api/seerr")).status_code == 200)

    await until(is_up)


def _repeating(*secrets: str) -> dict[str, Any]:
    """An answer that repeats secrets."""
    return {"body": msgspec.json.encode({"message": f"odd: {' '.join(secrets)}"}), "content_type": "application/json"}


async def _link_in_discord(street: Street, name: str) -> tuple[str, str]:
    interaction = await street.command(name, "link")
    code = re.search(r"\*\*([A-Z0-9]{4})\*\*", await street.replied(interaction, "Sign in to Plex"))
    assert code is not None
    pin = street.town.plex_tv.pins.with_code(code[1])
    assert pin is not None
    token = street.town.plex_tv.pins.claim(pin.id, street.town.residents[name].plex)
    await street.replied(interaction, "Done")
    await street.settled(name)
    return interaction, token


async def _get_into_trouble(street: Street) -> list[str]:
    """Make everything fail that has a secret in it; return the new secrets."""
    town = street.town
    accounts = town.plex_tv.accounts
    tomas, wei = accounts.sign_in(town.residents["tomas"].plex), accounts.sign_in(town.residents["wei"].plex)
    town.seerr.fail_next(400, path="/api/v1/user", **_repeating(SEERR_KEY))
    await street.post("/api/integrations/plex/connect", {"token": tomas, "discord_id": "80351110224678999"})
    await street.settled("tomas")
    town.seerr.fail_next(400, path="/api/v1/auth/plex", **_repeating(wei, SEERR_KEY))
    await street.post("/api/integrations/plex/connect", {"token": wei, "discord_id": "80351110224678998"})
    await street.settled("wei")
    await street.post("/api/integrations/plex/connect", {"token": TYPED_TOKEN})
    town.plex_tv.fail_next(422, **_repeating(TYPED_TOKEN))
    await street.post("/api/integrations/plex/connect", {"token": TYPED_TOKEN})
    await street.post("/api/integrations/jellyfin/connect", {"username": "zoe", "password": PASSWORD})
    await street.put("/api/seerr", {"api_key": WRONG_KEY})
    town.discord.fail_next(400, times=2, **_repeating(BOT_TOKEN))
    return [tomas, wei, await street.command("zoe", "link")]


async def test_planted_secrets_turn_up_nowhere(
    street: Street, town: Town, bus: Bus, database_url: Secret, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    await street.put("/api/seerr", {"gives_token": True})
    interaction, token = await _link_in_discord(street, "jonas")
    await until(lambda: any(user.plex_token == token for user in town.seerr.users.by_id.values()))
    further = await _get_into_trouble(street)
    await canaries.quiet(bus)
    await street.read(
        "/api/people",
        "/api/integrations?all=true",
        "/api/seerr",
        "/api/mediaservers",
        "/api/deadletters",
        "/api/events",
        "/api/audit",
        "/api/health",
    )

    server_tokens = town.device.access_tokens.values()
    planted = [SEERR_KEY, WRONG_KEY, BOT_TOKEN, TYPED_TOKEN, PASSWORD, interaction, token, *further, *server_tokens]
    log = (tmp_path / "linker.log").read_text()
    rows = await canaries.everything_in(database_url)
    stored = await canaries.everything_on(bus)

    assert [where for where in street.told if _holds(where, planted)] == []
    assert [line for line in log.splitlines() if _holds(line, planted)] == []
    assert [line for line in capfd.readouterr().out.splitlines() if _holds(line, planted)] == []
    assert [message for message in stored if _holds(message.decode(errors="replace"), planted)] == []
    assert [line for line in canaries.command_lines() if _holds(line, planted)] == []
    assert [row for row in rows if _holds(row, planted)] == []
    assert '"sealed"' in " ".join(rows)  # the vault was among them
    assert len(stored) > 10
    assert "message_" in log
    assert any("odd: ***" in each for each in street.told)


def _holds(text: str, planted: list[str]) -> bool:
    return any(secret in text for secret in planted)
