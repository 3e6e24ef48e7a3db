"""`usher admin reset-password` beside a gateway that runs."""

import asyncio
import json
import os
import sys
from pathlib import Path

from cli.embedded.program import free_port
from shared.postgres import pool as postgres
from shared.postgres.pool import Pool
from shared.schemas.secret import Secret
from tests.integration.gateway.house import PASSWORD, House
from tests.integration.gateway.test_stream import watching

CHOSEN = "canary-the-chosen-password"


async def usher(
    *arguments: str,
    folder: Path,
    database_url: str = "",
    typed: str | bytes = "",
    status: int = 0,
    runs_in: Path | None = None,
) -> tuple[str, str]:
    environment = {**os.environ, "USHER_DATA_DIR": str(folder), "DATABASE_URL": database_url}  # noqa: TID251
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-P", "-m", "cli", "admin", "reset-password", *arguments),
        env=environment,
        cwd=runs_in,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaint = await process.communicate(typed if isinstance(typed, bytes) else typed.encode())
    assert process.returncode == status, said + complaint
    return said.decode(), complaint.decode()


async def log_in(house: House, password: str, *, username: str = "admin") -> int:
    answer = await house.post("/api/auth/login", {"username": username, "password": password}, headers={})
    return answer.status_code


async def test_a_password_is_made_up_and_shown_once_and_all_sessions_end_with_their_streams(
    house: House, database_url: Secret, tmp_path: Path
) -> None:
    begun = await house.post("/api/auth/login", {"username": "admin", "password": PASSWORD}, headers={})
    bearer = {"Authorization": f"Bearer {begun.json()['token']}"}
    async with watching(house, bearer) as seen, asyncio.timeout(60):
        said, _ = await usher("--json", folder=tmp_path, database_url=database_url.reveal())

        assert [item async for item in seen] == []
    done = json.loads(said)
    assert (done["username"], done["sessions_ended"]) == ("admin", 1)
    assert await log_in(house, PASSWORD) == 401
    assert await log_in(house, done["password"]) == 200
    assert (await house.get("/api/auth/verify", headers=bearer)).status_code == 401


async def test_who_guessed_too_often_before_need_not_wait(house: House, database_url: Secret, tmp_path: Path) -> None:
    guesses = [await log_in(house, f"forgotten {number}") for number in range(6)]

    said, _ = await usher("--json", folder=tmp_path, database_url=database_url.reveal())

    assert guesses[-1] == 429
    assert await log_in(house, json.loads(said)["password"]) == 200


async def test_one_can_be_chosen_and_is_shown_nowhere(house: House, database_url: Secret, tmp_path: Path) -> None:
    said, complaint = await usher(
        "--password-file", "-", folder=tmp_path, database_url=database_url.reveal(), typed=f"{CHOSEN}\n"
    )
    audit = (await house.get("/api/audit")).json()["items"]

    assert await log_in(house, CHOSEN) == 200
    assert CHOSEN not in said + complaint + str(audit)
    assert [(each["action"], each["actor"], each["object"]) for each in audit[:1]] == [
        ("password.reset", "command line", "user admin")
    ]


async def test_one_that_is_too_short_is_refused_and_not_repeated(
    house: House, database_url: Secret, tmp_path: Path
) -> None:
    _, complaint = await usher(
        "--password-file", "-", folder=tmp_path, database_url=database_url.reveal(), typed="canary", status=1
    )

    assert complaint.startswith("usher: the password has to have 12 to 1000 characters")
    assert "canary" not in complaint
    assert await log_in(house, PASSWORD) == 200


async def test_a_user_is_found_however_the_name_is_written_and_an_unknown_one_is_told(
    house: House, database_url: Secret, tmp_path: Path
) -> None:
    said, _ = await usher("--username", " ADMIN", "--json", folder=tmp_path, database_url=database_url.reveal())
    _, complaint = await usher("--username", "ada", folder=tmp_path, database_url=database_url.reveal(), status=1)

    assert json.loads(said)["username"] == "admin"
    assert complaint == "usher: there is no user 'ada'\n"


async def test_of_several_users_one_has_to_be_named(
    house: House, pool: Pool, database_url: Secret, tmp_path: Path
) -> None:
    await pool.execute("insert into users values ('u2', 'Ada', '', now(), 'ada')")

    _, complaint = await usher(folder=tmp_path, database_url=database_url.reveal(), status=1)

    assert complaint == "usher: there are several users: name one of Ada, admin\n"


async def test_the_working_folder_is_no_place_for_modules(house: House, database_url: Secret, tmp_path: Path) -> None:
    for name in ("asyncio", "secrets", "services"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('canary')\n", encoding="utf-8")

    said, _ = await usher("--json", folder=tmp_path, database_url=database_url.reveal(), runs_in=tmp_path)

    assert await log_in(house, json.loads(said)["password"]) == 200


async def test_bytes_that_are_no_text_are_refused_in_one_line(database_url: Secret, tmp_path: Path) -> None:
    _, complaint = await usher(
        *("--password-file", "-"), folder=tmp_path, database_url=database_url.reveal(), typed=b"\xff" * 12, status=1
    )

    assert complaint == "usher: New password: expected text in UTF-8\n"


async def test_users_of_another_program_in_the_same_database_are_left_alone(
    database_url: Secret, tmp_path: Path
) -> None:
    async with postgres.connect(database_url, schema="public", size=1) as pool:
        await pool.execute("create table public.users (id text, username text, password_hash text)")
        await pool.execute("insert into public.users values ('1', 'ada', 'theirs')")

        _, complaint = await usher(folder=tmp_path, database_url=database_url.reveal(), status=1)

        assert complaint == "usher: nobody can log in yet: start Usher once\n"
        assert await pool.fetchval("select password_hash from public.users") == "theirs"


async def test_a_missing_or_silent_server_is_reported_in_one_line(database_url: Secret, tmp_path: Path) -> None:
    nobody = f"postgresql://u:canary@127.0.0.1:{free_port()}/d"

    _, no_folder = await usher(folder=tmp_path / "none", status=1)
    _, no_answer = await usher(folder=tmp_path, database_url=nobody, status=1)
    _, contradiction = await usher("--ask-password", "--password-file", "x", folder=tmp_path, status=2)

    assert no_folder.startswith("usher: the data folder cannot be used")
    assert no_answer.startswith("usher: ")
    assert "canary" not in no_answer
    assert [text.count("\n") for text in (no_folder, no_answer, contradiction)] == [1, 1, 1]
