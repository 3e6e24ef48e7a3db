"""A Debian 12 with only Python, make and git: the pinned packages install there, with make and with its old pip."""

import io
import secrets
import subprocess
import tarfile
from collections.abc import Iterator
from typing import Final

import pytest

from tests.e2e.compose import ROOT, why_not

pytestmark = [pytest.mark.container, pytest.mark.timeout(600)]

PREPARE: Final = """
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends ca-certificates git make python3-venv >/dev/null 2>&1
mkdir /usher && tar -x -C /usher
"""
BY_MAKE: Final = """
umask 077
make .venv/bin/installed-run .venv/bin/installed-dev
.venv/bin/usher --help
find .venv -name postgres -type f ! -perm -005
"""
BY_PIP: Final = """
python3 -m venv /old
/old/bin/pip --version
for lock in installer run dev; do
  /old/bin/pip install --quiet --require-hashes --only-binary :all: --requirement requirements/$lock.txt
done
/old/bin/pip check
"""


class Machine:
    """A container of Debian 12's public image."""

    def __init__(self) -> None:
        self._name = f"usher-test-{secrets.token_hex(4)}"
        run = ["docker", "run", "--detach", "--rm", "--init", "--network", "host", "--name", self._name]
        subprocess.run([*run, "debian:12-slim", "sleep", "infinity"], check=True, capture_output=True)

    def run(self, script: str, *, folder: str = "/", standard_input: bytes = b"") -> str:
        """Run a script of sh; return what it printed. Fails with all of its output."""
        command = ["docker", "exec", "--interactive", "--workdir", folder, self._name, "sh", "-euc", script]
        done = subprocess.run(command, input=standard_input, capture_output=True, check=False)
        assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")
        return done.stdout.decode()

    def remove(self) -> None:
        subprocess.run(["docker", "rm", "--force", self._name], check=True, capture_output=True)


def checkout() -> bytes:
    """Pack the files of the working copy that git has or would add."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in filter(None, names):
            if (ROOT / name).exists():
                archive.add(ROOT / name, arcname=name)
    return packed.getvalue()


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """A machine with the packages that README names, and the working copy in /usher."""
    if reason := why_not():
        pytest.skip(reason)
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout of git")
    started = Machine()
    try:
        started.run(PREPARE, standard_input=checkout())
        yield started
    finally:
        started.remove()


def test_make_installs_all_that_is_pinned_readable_by_the_user_of_postgresql(machine: Machine) -> None:
    printed = machine.run(BY_MAKE, folder="/usher")

    assert "Installing requirements/run.txt into .venv" in printed
    assert "Usage: usher" in printed
    assert "bin/postgres" not in printed


def test_the_oldest_supported_pip_takes_every_lock(machine: Machine) -> None:
    printed = machine.run(BY_PIP, folder="/usher")

    assert "pip 23.0.1 " in printed
    assert "No broken requirements found" in printed
