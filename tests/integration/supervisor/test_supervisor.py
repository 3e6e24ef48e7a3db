import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from cli.embedded.program import free_port
from cli.supervisor.program import Program
from cli.supervisor.restart import Limits
from tests.integration.supervisor.running import Usher, processes_of, stand_in, supervised, until

QUICK = Limits(first_pause_s=0.01, longest_pause_s=0.05)
CHILD = "stand_in.py"


class Supervise(Protocol):
    def __call__(self, *services: Program, **changes: object) -> Usher: ...


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def supervise(folder: Path) -> Iterator[Supervise]:
    started: list[Usher] = []

    def start(*services: Program, **changes: object) -> Usher:
        started.append(supervised(folder, services, **changes))
        return started[-1]

    yield start
    for usher in started:
        usher.kill()
    until(lambda: processes_of(folder) == [])


def test_it_says_once_that_all_is_ready(supervise: Supervise, folder: Path) -> None:
    usher = supervise(stand_in(folder, "well", port=free_port()), stand_in(folder, "well", port=free_port()))

    usher.says("Usher is ready at http://127.0.0.1:1")
    usher.signal(signal.SIGTERM)
    assert usher.status() == 0
    assert usher.output.count("ready") == 1


def test_it_is_not_ready_while_one_service_is_not(supervise: Supervise, folder: Path) -> None:
    silent = stand_in(folder, "well", port=free_port())._replace(
        arguments=stand_in(folder, "well").arguments, name="syncer"
    )
    usher = supervise(stand_in(folder, "well", port=free_port()), silent)

    until(lambda: usher.output.count("not going well") == 2)
    until(lambda: usher.output.count("stand-in: asked") >= 3)
    assert "ready" not in usher.output


def test_a_child_that_is_killed_is_started_again(supervise: Supervise, folder: Path) -> None:
    usher = supervise(stand_in(folder, "well", port=free_port()))
    usher.says("ready")
    (first,) = processes_of(folder, containing=CHILD)

    os.kill(first, signal.SIGKILL)

    usher.says("linker ended with SIGKILL; starting it again in 0.2 s")
    until(lambda: processes_of(folder, containing=CHILD) not in ([], [first]))


def test_a_child_that_dies_too_often_stops_everything_with_its_last_words(supervise: Supervise, folder: Path) -> None:
    usher = supervise(stand_in(folder, "well", name="gateway"), stand_in(folder, "broken", name="syncer"), limits=QUICK)

    assert usher.status() == 1
    expected = "syncer ended more than 10 times in 60 s, last with status 1: stand-in: this is not going well"
    assert usher.output.splitlines()[-1] == f"usher: {expected}"
    assert usher.output.count("starting it again") == 10
    assert processes_of(folder) == []


def test_wrong_settings_stop_everything_at_once(supervise: Supervise, folder: Path) -> None:
    usher = supervise(stand_in(folder, "well"), stand_in(folder, "misconfigured", name="requester"))

    assert usher.status() == 2
    assert "requester cannot run with these settings" in usher.output
    assert "starting it again" not in usher.output
    assert processes_of(folder) == []


def test_a_program_that_is_not_there_stops_everything(supervise: Supervise, folder: Path) -> None:
    usher = supervise(stand_in(folder, "well"), Program(name="gone", arguments=("/nowhere/gone",)))

    assert usher.status() == 1
    assert re.search("usher: gone cannot be started: .*No such file", usher.output)
    assert processes_of(folder) == []


def test_a_child_that_does_not_stop_in_time_is_killed(supervise: Supervise, folder: Path) -> None:
    usher = supervise(stand_in(folder, "deaf", port=free_port()), stop_services_within_s=0.5)
    usher.says("ready")

    usher.signal(signal.SIGTERM)

    assert usher.status() == 0
    assert "linker does not stop in time; it is killed" in usher.output
    assert processes_of(folder) == []


def test_a_second_signal_kills_at_once(supervise: Supervise, folder: Path) -> None:
    usher = supervise(stand_in(folder, "deaf", port=free_port()), stop_services_within_s=3600)
    usher.says("ready")

    def has_ended() -> bool:
        usher.signal(signal.SIGINT)  # two that come at once count as one
        return usher.process.poll() is not None

    until(has_ended)

    assert usher.status() == 0
    assert "does not stop in time" not in usher.output
    assert processes_of(folder) == []


@pytest.mark.parametrize("frozen", [False, True])
def test_children_end_with_a_supervisor_that_is_killed(supervise: Supervise, folder: Path, *, frozen: bool) -> None:
    usher = supervise(stand_in(folder, "well", port=free_port()), stand_in(folder, "deaf"))
    usher.says("ready")
    children = processes_of(folder, containing=CHILD)
    for child in children if frozen else []:
        os.kill(child, signal.SIGSTOP)

    usher.kill()

    assert len(children) == 2
    until(lambda: processes_of(folder) == [])


def test_each_child_has_a_session_of_its_own(supervise: Supervise, folder: Path) -> None:
    usher = supervise(stand_in(folder, "well", port=free_port()), stand_in(folder, "well"))
    usher.says("ready")

    children = processes_of(folder, containing=CHILD)

    assert sorted(os.getsid(child) for child in children) == sorted(children)
    assert usher.process.pid not in children
