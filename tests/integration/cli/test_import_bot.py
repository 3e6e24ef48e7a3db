"""`usher import overseerr-bot`: whatever the file holds, the right tokens are imported and none is printed."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from typer.testing import CliRunner, Result

from cli.bot_tokens import BotFileError
from cli.errors import BadUsageError
from cli.folder import ADDRESS, LOCAL_API_KEY, Folder
from cli.importing import app
from shared.errors import InvalidError, UsherError
from shared.schemas.secret import Secret
from tests.integration.cli.gateway import FakeGateway, serving

KEY = Fernet.generate_key().decode()
ANNA, BEN, CARL, DORA = (f"8035111022467891{number}" for number in range(4))
TABLE = """create table tokens (token_id text primary key, discord_user_id text not null unique, enc_plex_token blob,
    linked_at integer, created_at integer not null, updated_at integer not null)"""


class Usher(FakeGateway):
    """A gateway that links accounts by token: `token-of-anna` is anna's."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        super().__init__(answers)
        self.linked: dict[str, str] = {}
        self.tokens: list[str] = []
        self.dies_after = 1000

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        del headers
        if len(self.tokens) >= self.dies_after:
            raise ConnectionAbortedError
        route = f"{method} {target.partition('?')[0]}"
        if route == "POST /api/integrations/plex/connect":
            return self._connect(json.loads(body))
        users = sorted(self.linked.items())
        known: dict[str, list[Any]] = {
            "GET /api/people": [
                {"id": name, "name": name, "identities": [{"provider": "discord", "id": discord_id}]}
                for discord_id, name in users
            ],
            "GET /api/integrations": [
                {"provider": "plex", "state": "ok", "person": {"id": name}, "account": {"username": name}}
                for _, name in users
            ],
        }
        return 200, json.dumps({"items": known[route], "total": len(users)}).encode()

    def _connect(self, body: dict[str, str]) -> tuple[int, bytes]:
        self.tokens.append(body["token"])
        name = body["token"].removeprefix("token-of-")
        if name == body["token"]:
            return 400, json.dumps({"detail": f"plex.tv does not know {body['token']}"}).encode()
        self.linked[body["discord_id"]] = name
        return 200, json.dumps({"account": {"username": name}, "person": {"id": name, "name": name}}).encode()


@pytest.fixture
def usher() -> Iterator[Usher]:
    with serving({}, kind=Usher) as fake:
        assert isinstance(fake, Usher)
        yield fake


@pytest.fixture
def run(usher: Usher, tmp_path: Path) -> Callable[..., Result]:
    folder = Folder(str(tmp_path / "data"))
    folder.make()
    folder.keep(LOCAL_API_KEY, lambda: Secret("usha_local"))
    folder.publish(ADDRESS, usher.address)
    environment = {"USHER_DATA_DIR": str(folder.path), "USHER_API_KEY": "", "CRYPTO_KEY": KEY}

    def invoke(*arguments: str, **more: str) -> Result:
        return CliRunner().invoke(app, ["overseerr-bot", *arguments], env={**environment, **more})

    return invoke


def sealed(token: str, key: str = KEY) -> bytes:
    return Fernet(key).encrypt(token.encode())


def database(path: Path, *rows: tuple[Any, Any], wal: bool = False) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        if wal:
            connection.execute("pragma journal_mode=wal")
        connection.execute(TABLE)
        connection.executemany(
            "insert into tokens values (?, ?, ?, 1, 1, 1)",
            [(f"row-{number}", *row) for number, row in enumerate(rows)],
        )
        connection.commit()
    return path


def failed(result: Result) -> UsherError:
    assert isinstance(result.exception, UsherError), result.output
    return result.exception


def test_each_token_is_handed_over_with_its_discord_user(
    usher: Usher, run: Callable[..., Result], tmp_path: Path
) -> None:
    file = database(
        tmp_path / "tokens.db", (ANNA, sealed("token-of-anna")), (BEN, None), (CARL, sealed("token-of-carl"))
    )
    before = file.read_bytes()

    result = run(str(file), "--json")

    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    assert [(each["discord_id"], each["result"], each["plex_username"]) for each in shown["items"]] == [
        (ANNA, "linked", "anna"),
        (BEN, "no token", None),
        (CARL, "linked", "carl"),
    ]
    assert usher.linked == {ANNA: "anna", CARL: "carl"}
    assert file.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith("tokens")] == ["tokens.db"]


def test_again_changes_nothing(usher: Usher, run: Callable[..., Result], tmp_path: Path) -> None:
    file = database(tmp_path / "tokens.db", (ANNA, sealed("token-of-anna")))
    run(str(file))

    again = run(str(file))

    assert again.exit_code == 0
    assert "was linked" in again.stdout
    assert usher.tokens == ["token-of-anna"]


def test_what_is_wrong_with_a_row_is_reported_and_the_others_go_on(
    usher: Usher, run: Callable[..., Result], tmp_path: Path
) -> None:
    file = database(
        tmp_path / "tokens.db",
        (ANNA, sealed("token-of-anna")),
        (BEN, sealed("dead-token")),
        (CARL, sealed("token-of-carl", Fernet.generate_key().decode())),
        (DORA, b"rubbish"),
        ("not an id\x1b[2J", sealed("token-of-eve")),
        ("80351110224678919", sealed("two\nlines")),
        ("80351110224678918", sealed("")),
        ("80351110224678917", "x" * 100_000),
        ("80351110224678916", 5),
    )

    result = run(str(file))

    assert result.exit_code == 1
    assert usher.linked == {ANNA: "anna"}
    assert "plex.tv does not know ***" in result.stdout
    assert result.stdout.count("the key does not open this token") == 3
    assert result.stdout.count("what the row holds is no token") == 2
    for token in ("token-of-anna", "dead-token", "token-of-eve", "\x1b"):
        assert token not in result.stdout


def test_a_key_of_another_bot_opens_nothing_and_nothing_is_sent(
    usher: Usher, run: Callable[..., Result], tmp_path: Path
) -> None:
    file = database(tmp_path / "tokens.db", (ANNA, sealed("token-of-anna")), (BEN, sealed("token-of-ben")))

    error = failed(run(str(file), CRYPTO_KEY=Fernet.generate_key().decode()))

    assert "opens none of the 2 tokens" in error.detail
    assert usher.asked == []
    assert usher.tokens == []


@pytest.mark.parametrize("key", ["short", "x" * 44, "ü", "A" * 43 + "="])
def test_a_malformed_key_is_reported_and_not_repeated(run: Callable[..., Result], tmp_path: Path, key: str) -> None:
    file = database(tmp_path / "tokens.db", (ANNA, sealed("token-of-anna")))

    error = failed(run(str(file), CRYPTO_KEY=key))

    assert "key" in error.detail
    assert key not in error.detail


def test_the_key_comes_from_a_file_or_with_a_warning_from_the_command_line(
    usher: Usher, run: Callable[..., Result], tmp_path: Path
) -> None:
    file = database(tmp_path / "tokens.db", (ANNA, sealed("token-of-anna")))
    (tmp_path / "key").write_text(f"{KEY}\n")

    by_file = run(str(file), "--key-file", str(tmp_path / "key"), CRYPTO_KEY="")
    by_argument = run(str(file), "--key", KEY, CRYPTO_KEY="")

    assert (by_file.exit_code, by_file.stderr) == (0, "")
    assert by_argument.exit_code == 0
    assert "is seen by others" in by_argument.stderr
    assert KEY not in by_argument.output


def test_no_key_two_keys_and_a_key_that_cannot_be_read_are_wrong_use(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    file = str(database(tmp_path / "tokens.db"))

    results = [
        run(file, CRYPTO_KEY=""),
        run(file, "--key", KEY, "--key-file", file),
        run(file, "--key-file", str(tmp_path / "missing")),
        run(file, "--key-file", file),
    ]

    assert [type(failed(result)) for result in results] == [InvalidError, BadUsageError, InvalidError, InvalidError]


def test_a_bot_without_users_is_no_error(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run(str(database(tmp_path / "tokens.db")))

    assert result.exit_code == 0
    assert "no users" in result.stdout


def test_a_bot_that_runs_is_read_with_what_it_wrote_last(
    usher: Usher, run: Callable[..., Result], tmp_path: Path
) -> None:
    file = database(tmp_path / "tokens.db", wal=True)
    with closing(sqlite3.connect(file)) as bot:
        bot.execute("insert into tokens values ('a', ?, ?, 1, 1, 1)", (ANNA, sealed("token-of-anna")))
        bot.commit()

        result = run(str(file))

    assert result.exit_code == 0, result.output
    assert usher.linked == {ANNA: "anna"}


def test_a_locked_file_is_reported(run: Callable[..., Result], tmp_path: Path) -> None:
    file = database(tmp_path / "tokens.db", (ANNA, sealed("token-of-anna")), wal=True)
    with closing(sqlite3.connect(file)) as bot:
        bot.execute("pragma locking_mode=exclusive")
        bot.execute("begin exclusive")
        bot.execute("delete from tokens")

        error = failed(run(str(file)))

    assert "locked by another program" in error.detail


def _view(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            """create view tokens as with recursive n(x) as (select 1 union all select x + 1 from n)
            select x as discord_user_id, x as enc_plex_token, x as token_id, x as created_at from n"""
        )
    return path


def _other(path: Path, table: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(table)
    return path


def _crowded(path: Path) -> Path:
    return database(path, *((str(10**17 + number), None) for number in range(10_001)))


def _torn(path: Path) -> Path:
    database(path, *((str(10**17 + number), sealed("token")) for number in range(500)))
    os.truncate(path, path.stat().st_size // 2)
    return path


def _huge(path: Path) -> Path:
    path.write_bytes(b"SQLite format 3\0")
    os.truncate(path, 65 * 1024 * 1024)
    return path


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path, "is not a file"),
        (lambda path: path.parent, "is not a file"),
        (lambda _: Path("/dev/zero"), "is not a file"),
        (lambda path: _written(path, b""), "is not a SQLite database"),
        (lambda path: _written(path, b'{"tokens": []}'), "is not a SQLite database"),
        (lambda path: _written(path, b"SQLite format 3\0" + b"\xff" * 5000), "cannot be read as a database"),
        (_torn, "cannot be read as a database"),
        (_huge, "over 64 MiB"),
        (_crowded, "over 10000 rows"),
        (_view, "no table of tokens"),
        (lambda path: _other(path, "create table users (id)"), "no table of tokens"),
        (lambda path: _other(path, "create table tokens (id)"), "lacks the bot's columns"),
    ],
)
def test_a_file_that_is_not_the_bots_is_reported_and_nothing_is_sent(
    usher: Usher, run: Callable[..., Result], tmp_path: Path, make: Callable[[Path], Path], says: str
) -> None:
    file = make(tmp_path / "tokens.db")

    error = failed(run(str(file)))

    assert isinstance(error, BotFileError)
    assert says in error.detail
    assert usher.tokens == []


def test_without_usher_nothing_is_tried(run: Callable[..., Result], tmp_path: Path) -> None:
    file = database(tmp_path / "tokens.db", (ANNA, sealed("token-of-anna")))

    error = failed(run(str(file), USHER_DATA_DIR=str(tmp_path / "none"), USHER_API_KEY="k", USHER_PORT="1"))

    assert "does not answer" in error.detail


def test_usher_that_goes_away_leaves_the_rest_untried(usher: Usher, run: Callable[..., Result], tmp_path: Path) -> None:
    rows = [(str(10**17 + number), sealed(f"token-of-{number}")) for number in range(6)]
    usher.dies_after = 1

    result = run(str(database(tmp_path / "tokens.db", *rows)), "--json")

    assert result.exit_code == 1
    results = [each["result"] for each in json.loads(result.stdout)["items"]]
    assert results == ["linked", "failed", "failed", "failed", "not tried", "not tried"]
