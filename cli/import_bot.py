"""`usher import overseerr-bot`: imports the Plex tokens that people gave the old bot, each checked and proven again."""

import sys
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from cli import bot_tokens, secrets
from cli.bot_tokens import BotToken
from cli.client import AnswerError, AwayError, UnreadyError, Usher, ask, path
from cli.errors import BadUsageError
from cli.output import AsJson, plain, show
from cli.progress import progress
from cli.secrets import SecretFile
from shared import settings
from shared.schemas.secret import Secret
from shared.settings import expects

COLUMNS: Final = {
    "Discord user": "discord_id",
    "Result": "result",
    "Plex account": "plex_username",
    "Person": "person",
    "Why": "reason",
}
FAILED: Final = 1
GOOD: Final = frozenset({"linked", "was linked", "no token"})
_PAGE: Final = 200
_PATIENCE: Final = 3
"""Failures in a row after which Usher, or plex.tv behind it, is taken to be away."""
_EXPOSED: Final = "usher: a key on the command line is seen by others on this host: use --key-file, or CRYPTO_KEY\n"


class BotSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bot itself reads its key: a variable, or `.env` in its folder."""

    crypto_key: Annotated[Secret, expects("the bot's Fernet key", "44 characters that end in =")] = Secret("")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to a row."""

    discord_id: str
    result: str
    plex_username: str | None = None
    person: str | None = None
    reason: str | None = None


def overseerr_bot(
    file: Annotated[Path, typer.Argument(help="The bot's tokens.db, or a copy of it.")],
    *,
    key: Annotated[
        str | None, typer.Option(help="The bot's CRYPTO_KEY; better: --key-file, CRYPTO_KEY, or type it.")
    ] = (None),
    key_file: SecretFile = None,
    json: AsJson = False,
) -> None:
    """Link the Plex accounts that people linked with darklink701's overseerr-bot. Again changes nothing.

    The file is only read. Each token is looked up at plex.tv, and its account becomes the Discord user's.
    """
    rows = bot_tokens.read(file, bot_tokens.key_of(_key(key, key_file)))
    outcomes = ask(lambda usher: _import(usher, rows))
    counts = {
        result: sum(each.result == result for each in outcomes) for result in sorted({o.result for o in outcomes})
    }
    shown = {"items": [msgspec.to_builtins(each) for each in outcomes], "total": len(outcomes), "counts": counts}
    show(shown, COLUMNS, json=json)
    if not json:
        print(", ".join(f"{count} {result}" for result, count in counts.items()) or "The bot has no users.")
    if not counts.keys() <= GOOD:
        raise typer.Exit(FAILED)


def _key(given: str | None, file: str | None) -> Secret:
    if given is not None and file is not None:
        raise BadUsageError("--key and --key-file exclude each other: give one of them")
    if given is not None:
        sys.stderr.write(_EXPOSED)
        return Secret(given)
    configured = settings.load(BotSettings).crypto_key if file is None else Secret("")
    return configured or secrets.read_secret("The bot's CRYPTO_KEY", file=file)


async def _import(usher: Usher, rows: list[BotToken]) -> list[Outcome]:
    known = await _already_linked(usher)
    outcomes: list[Outcome] = []
    with progress("Linking", total=len(rows)) as advance:
        for row in rows:
            is_over = _is_over([each.result for each in outcomes])
            outcomes.append(_not_tried(row) if is_over else await _import_one(usher, row, known))
            advance()
    return outcomes


def _is_over(results: list[str]) -> bool:
    return results[-1:] == ["not tried"] or results[-_PATIENCE:] == ["failed"] * _PATIENCE


def _not_tried(row: BotToken) -> Outcome:
    return Outcome(discord_id=plain(row.discord_id), result="not tried")


async def _import_one(usher: Usher, row: BotToken, known: dict[str, Outcome]) -> Outcome:
    if row.discord_id in known:
        return known[row.discord_id]
    if row.is_none:
        return Outcome(discord_id=row.discord_id, result="no token")
    if row.token is None:
        return Outcome(discord_id=plain(row.discord_id), result="broken", reason=row.problem)
    try:
        linked = await usher.post(
            path("api", "integrations", "plex", "connect"), token=row.token.reveal(), discord_id=row.discord_id
        )
    except (UnreadyError, AwayError) as exc:
        return Outcome(discord_id=row.discord_id, result="failed", reason=plain(exc.detail))
    except AnswerError as exc:
        reason = plain(exc.detail).replace(row.token.reveal(), "***")
        return Outcome(discord_id=row.discord_id, result="refused", reason=reason)
    return Outcome(
        discord_id=row.discord_id,
        result="linked",
        plex_username=_value_at(linked, "account", "username"),
        person=_value_at(linked, "person", "name"),
    )


async def _already_linked(usher: Usher) -> dict[str, Outcome]:
    """Return the Discord users whose Plex account has a valid token in Usher."""
    plex = {
        _value_at(each, "person", "id"): _value_at(each, "account", "username")
        for each in await _all(usher, path("api", "integrations"), all="true")
        if each.get("provider") == "plex" and each.get("state") == "ok"
    }
    return {
        identity["id"]: Outcome(
            discord_id=identity["id"], result="was linked", plex_username=plex[person["id"]], person=person["name"]
        )
        for person in await _all(usher, path("api", "people"))
        if person["id"] in plex
        for identity in person["identities"]
        if identity["provider"] == "discord"
    }


async def _all(usher: Usher, route: str, **query: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    while True:
        page = await usher.get(route, limit=_PAGE, offset=len(items), **query)
        items += page["items"]
        if not page["items"] or len(items) >= page["total"]:
            return items


def _value_at(found: Any, *names: str) -> Any:
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found
