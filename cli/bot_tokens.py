"""The SQLite file of darklink701's overseerr-bot: for each Discord user a Plex token, sealed with one Fernet key.

The file is only read, and nothing about it is trusted: it may be no database, a huge one, locked by another program, or
have a table that is really an endless query.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec
from cryptography.fernet import Fernet, InvalidToken

from cli.errors import BadUsageError
from shared.errors import PermanentError
from shared.schemas.secret import Secret

LARGEST_FILE: Final = 64 * 1024 * 1024
MOST_ROWS: Final = 10_000

_MAGIC: Final = b"SQLite format 3\0"
_LONGEST_SEALED: Final = 16 * 1024
_LONGEST_TOKEN: Final = 4096
_NOT_OPENED: Final = "the key does not open this token"
_SNOWFLAKE: Final = range(15, 23)
_STEPS: Final = 1_000_000
_MOST_STEPS: Final = 100
_LOCKED_S: Final = 2.0

_ROWS: Final = """select substr(discord_user_id, 1, 64), substr(enc_plex_token, 1, ?) from tokens
order by created_at, token_id limit ?"""


class BotFileError(PermanentError):
    """The file cannot be read as the bot's."""


class BotToken(msgspec.Struct, frozen=True):
    """A row: the Discord user and their token, or why there is none. `is_none` if they never linked or unlinked."""

    discord_id: str
    token: Secret | None = None
    problem: str = ""
    is_none: bool = False


def key_of(text: Secret) -> Fernet:
    """Return the key; raises a `BadUsageError` that does not repeat it."""
    try:
        return Fernet(text.reveal().strip())
    except ValueError:
        raise BadUsageError(
            "the key is not a Fernet key: expected the bot's CRYPTO_KEY, 44 characters that end in ="
        ) from None


def read(path: Path, key: Fernet) -> list[BotToken]:
    """Return all rows, decrypted; raises `BotFileError` if the file is not the bot's or has another key."""
    _check(path)
    try:
        with closing(_open(path)) as connection:
            rows = _rows(connection)
    except sqlite3.Error as exc:
        raise _explain(path, exc) from exc
    tokens = [_token(key, *row) for row in rows]
    sealed = [each for each in tokens if each.problem == _NOT_OPENED]
    if sealed and not any(each.token for each in tokens):
        raise BotFileError(f"the key opens none of the {len(sealed)} tokens in {path}: is it that bot's CRYPTO_KEY?")
    return tokens


def _check(path: Path) -> None:
    try:
        if not path.is_file():
            raise BotFileError(f"{path} is not a file")
        if path.stat().st_size > LARGEST_FILE:
            raise BotFileError(f"{path} is over {LARGEST_FILE // 1024 // 1024} MiB: that is not the bot's tokens.db")
        with path.open("rb") as file:
            begins = file.read(len(_MAGIC))
    except OSError as exc:
        raise BotFileError(f"{path} cannot be read ({type(exc).__name__})") from exc
    if begins != _MAGIC:
        raise BotFileError(f"{path} is not a SQLite database")


def _open(path: Path) -> sqlite3.Connection:
    """Open without leaving files behind: SQLite needs its own files beside the database only while the bot runs."""
    is_used = path.with_name(f"{path.name}-wal").exists()
    options = "mode=ro" if is_used else "mode=ro&immutable=1"
    connection = sqlite3.connect(f"file:{quote(str(path.resolve()))}?{options}", uri=True, timeout=_LOCKED_S)
    budget = iter(range(_MOST_STEPS))
    connection.set_progress_handler(lambda: next(budget, None) is None, _STEPS)
    return connection


def _rows(connection: sqlite3.Connection) -> list[tuple[Any, Any]]:
    kind = connection.execute("select type from sqlite_master where name = 'tokens'").fetchone()
    if kind != ("table",):
        raise BotFileError("this database has no table of tokens: it belongs to another program")
    columns = {row[1] for row in connection.execute("pragma table_info(tokens)")}
    if not {"discord_user_id", "enc_plex_token", "token_id", "created_at"} <= columns:
        raise BotFileError("the table of tokens lacks the bot's columns: it belongs to another program")
    rows = connection.execute(_ROWS, (_LONGEST_SEALED + 1, MOST_ROWS + 1)).fetchall()
    if len(rows) > MOST_ROWS:
        raise BotFileError(f"the table has over {MOST_ROWS} rows: that is not the bot's tokens.db")
    return rows


def _explain(path: Path, error: sqlite3.Error) -> BotFileError:
    text = str(error)
    match text:
        case _ if "locked" in text or "busy" in text:
            return BotFileError(f"{path} is locked by another program: stop the bot, or read a copy of its folder")
        case "interrupted":
            return BotFileError(f"{path} takes too long to read: that is not the bot's tokens.db")
        case _:
            return BotFileError(f"{path} cannot be read as a database: {text}")


def _token(key: Fernet, discord_id: Any, sealed: Any) -> BotToken:
    who = _text(discord_id)
    if not (who.isascii() and who.isdecimal() and len(who) in _SNOWFLAKE):
        return BotToken(who, problem="this is no Discord user's id")
    if sealed in {None, b"", ""}:
        return BotToken(who, is_none=True)
    raw = sealed.encode(errors="replace") if isinstance(sealed, str) else sealed
    if not isinstance(raw, bytes) or len(raw) > _LONGEST_SEALED:
        return BotToken(who, problem="this is no sealed token")
    try:
        token = key.decrypt(raw).decode()
    except (InvalidToken, UnicodeDecodeError):
        return BotToken(who, problem=_NOT_OPENED)
    if not (token.isascii() and token.isprintable() and 0 < len(token.strip()) <= _LONGEST_TOKEN):
        return BotToken(who, problem="what the row holds is no token")
    return BotToken(who, token=Secret(token.strip()))


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
