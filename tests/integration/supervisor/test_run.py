import asyncio
import os
import re
import shlex
import signal
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import nats
import pytest

from cli.embedded.program import free_port
from cli.supervisor.program import run_as
from tests.integration.supervisor.running import REPOSITORY, Usher, processes_of, until

WITH_STAND_INS = str(Path(__file__).with_name("with_stand_ins.py"))
NOBODY = "nobody"
FEW = 200
"""Files that a program may have open, unless it raises that itself."""
Start = Callable[[], Usher]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not in pytest's own folder: under root, another run of pytest closes that to the database's user."""
    with tempfile.TemporaryDirectory(prefix="usher-run-") as name:
        yield Path(name) / "data"


@pytest.fixture
def start(tmp_path: Path, folder: Path) -> Iterator[Start]:
    started: list[Usher] = []

    def start() -> Usher:
        usher = Usher(
            ["sh", "-c", f"ulimit -Sn {FEW}; exec {shlex.join((sys.executable, WITH_STAND_INS))}"],
            tmp_path / f"said-{len(started)}",
            USHER_DATA_DIR=str(folder),
            USHER_PORT=str(free_port()),
        )
        started.append(usher)
        return usher

    yield start
    for usher in started:
        usher.kill()
    until(lambda: processes_of(folder) == [])


def read(path: Path) -> str:
    return path.read_text().strip()


def rows(folder: Path, *statements: str) -> list[str]:
    async def run() -> list[str]:
        connection = await asyncpg.connect(read(folder / "run/database_url"))
        answers = [await connection.fetch(statement) for statement in statements]
        await connection.close()
        return [str(row[0]) for row in answers[-1]]

    return asyncio.run(run())


def messages(folder: Path, *, publish: bool = False) -> int:
    async def run() -> int:
        client = await nats.connect(read(folder / "run/nats_url"), allow_reconnect=False)
        stream = client.jetstream()
        if publish:
            await stream.add_stream(name="KEPT", subjects=["kept.>"])
            await stream.publish("kept.one", b"1")
        kept = sum([info.state.messages for info in await stream.streams_info()])
        await client.close()
        return kept

    return asyncio.run(run())


def is_up(folder: Path) -> bool:
    """Stand-ins are ready before the servers are."""
    try:
        return rows(folder, "select 1") == ["1"] and messages(folder) >= 0
    except (OSError, asyncpg.PostgresError, nats.errors.Error):
        return False


def test_a_second_start_finds_everything_that_the_first_one_stored(start: Start, folder: Path) -> None:
    first = start()
    first.says("ready")
    until(lambda: is_up(folder))
    rows(folder, "create table kept as select 'a play' as title", "select title from kept")
    messages(folder, publish=True)
    secrets = [read(folder / "secrets/encryption_keys"), read(folder / "secrets/local_api_key")]
    first.signal(signal.SIGTERM)
    first.status()

    start().says("ready")
    until(lambda: is_up(folder))

    assert rows(folder, "select title from kept") == ["a play"]
    assert messages(folder) == 1
    assert [read(folder / "secrets/encryption_keys"), read(folder / "secrets/local_api_key")] == secrets


def test_a_stop_kills_nobody_and_leaves_neither_processes_nor_addresses(start: Start, folder: Path) -> None:
    usher = start()
    usher.says("ready")
    until(lambda: is_up(folder))

    usher.signal(signal.SIGTERM)

    assert usher.status() == 0
    assert "does not stop in time" not in usher.output
    assert processes_of(folder) == []
    assert [path.name for path in (folder / "run").iterdir()] == ["lock"]


def test_what_it_starts_may_have_many_files_open(start: Start, folder: Path) -> None:
    start().says("ready")
    until(lambda: is_up(folder))

    limits = [Path(f"/proc/{process}/limits").read_text() for process in processes_of(folder)]

    soft = [int(found[1]) for text in limits if (found := re.search(r"Max open files +(\d+)", text))]
    assert len(soft) > 4
    assert min(soft) > FEW


def test_what_is_secret_is_for_the_owner_only_and_in_no_argument(start: Start, folder: Path) -> None:
    start().says("ready")
    until(lambda: is_up(folder))

    files = [path for part in ("run", "secrets") for path in (folder / part).iterdir()]

    assert {path.name for path in files} >= {"lock", "database_url", "nats_url", "address", "encryption_keys"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o700
    arguments = b"".join(Path(f"/proc/{process}/cmdline").read_bytes() for process in processes_of(folder))
    assert b"-m\x00cli.supervisor" in arguments
    for path in (folder / "postgres/password", folder / "nats/password", folder / "secrets/encryption_keys"):
        assert read(path).encode() not in arguments


def test_a_second_copy_is_refused_by_one_line_and_the_first_goes_on(start: Start, folder: Path) -> None:
    first = start()
    first.says("ready")
    until(lambda: is_up(folder))

    second = start()

    assert second.status() == 1
    assert second.output == f"usher: Usher already runs on {folder} (process {first.process.pid})\n"
    assert rows(folder, "select 1") == ["1"]


@pytest.mark.parametrize("server", ["bin/postgres", "nats-server"])
def test_an_embedded_server_that_is_killed_comes_back_at_the_same_address(
    start: Start, folder: Path, server: str
) -> None:
    usher = start()
    usher.says("ready")
    until(lambda: is_up(folder))
    messages(folder, publish=True)
    (process,) = processes_of(folder, containing=server)

    os.kill(process, signal.SIGKILL)

    usher.says("ended with SIGKILL; starting it again")
    until(lambda: is_up(folder))
    assert messages(folder) == 1


def test_a_copy_that_is_killed_leaves_nothing_and_the_next_one_starts(start: Start, folder: Path) -> None:
    first = start()
    first.says("ready")
    until(lambda: is_up(folder))
    assert len(processes_of(folder)) > 4

    first.kill()

    until(lambda: processes_of(folder) == [])
    start().says("ready")
    until(lambda: is_up(folder))


def test_a_start_that_is_cut_off_while_the_cluster_is_made_leaves_nothing_in_the_way(
    start: Start, folder: Path
) -> None:
    first = start()
    until(lambda: processes_of(folder, containing="initdb") != [])

    first.kill()

    until(lambda: processes_of(folder) == [])
    start().says("ready")
    until(lambda: is_up(folder))


def test_a_port_that_is_taken_is_said_before_anything_starts(tmp_path: Path, folder: Path) -> None:
    listener = subprocess.Popen([sys.executable, "-c", LISTEN], stdout=subprocess.PIPE, text=True)
    assert listener.stdout is not None
    port = listener.stdout.readline().strip()

    usher = Usher([sys.executable, WITH_STAND_INS], tmp_path / "said", USHER_DATA_DIR=str(folder), USHER_PORT=port)

    assert usher.status() == 1
    assert f"port {port} of 127.0.0.1 is taken or not ours: set USHER_PORT or USHER_HOST" in usher.output
    assert not (folder / "postgres").exists()
    listener.kill()
    listener.communicate()


LISTEN = """
import socket
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
listening.accept()
"""


def test_it_runs_as_a_user_without_rights() -> None:
    if os.geteuid():
        pytest.skip("the other tests of this file already run as a user without rights")
    path, python = os.pathsep.join([str(REPOSITORY), sysconfig.get_path("purelib")]), python_of_others()
    with tempfile.TemporaryDirectory() as name:
        subprocess.run(["chown", "-R", NOBODY, name], check=True)
        data = Path(name) / "data"
        usher = Usher(
            [python, WITH_STAND_INS],
            Path(name) / "said",
            user=NOBODY,
            PATH=sysconfig.get_path("scripts"),
            PYTHONPATH=path,
            PYTHONDONTWRITEBYTECODE="1",
            USHER_DATA_DIR=str(data),
            USHER_PORT=str(free_port()),
        )
        usher.says("ready")
        until(lambda: is_up(data))

        owners = {Path(f"/proc/{process}").owner() for process in processes_of(data)}
        usher.signal(signal.SIGTERM)

        assert usher.status() == 0
        assert owners == {NOBODY}
        assert processes_of(data) == []


def python_of_others() -> str:
    """An interpreter of this version that any user may run: ours may be in root's home."""
    candidates = [sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"]
    for python in candidates:
        if can_be_run_by_others(python):
            return python
    pytest.skip(f"a user without rights may run none of {candidates}")


def can_be_run_by_others(python: str) -> bool:
    command = [python, "-c", "import asyncpg, msgspec, nats"]
    environment = {"PYTHONPATH": sysconfig.get_path("purelib")}
    try:
        return not subprocess.run(
            command, check=False, capture_output=True, env=environment, **run_as(NOBODY)
        ).returncode
    except OSError:
        return False
