"""Programs started by tests get a terminal's signals, wherever the tests themselves run."""

import subprocess
import sys
from pathlib import Path
from typing import Final

SHOW: Final = "import signal; print(*(signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)))"
IGNORING: Final = "trap '' INT HUP; exec \"$@\""
"""As `nohup make test &` starts its tests."""


def test_a_program_that_a_test_starts_has_the_signals_of_a_terminal() -> None:
    shown = subprocess.run([sys.executable, "-c", SHOW], capture_output=True, text=True, check=True)

    assert "default_int_handler" in shown.stdout
    assert "SIG_IGN" not in shown.stdout


def test_it_has_them_where_the_tests_run_without_a_terminal() -> None:
    itself = f"{Path(__file__)}::{test_a_program_that_a_test_starts_has_the_signals_of_a_terminal.__name__}"
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", itself]

    done = subprocess.run(["sh", "-c", IGNORING, "sh", *pytest], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
