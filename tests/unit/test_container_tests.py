"""The tests that run again on containers are a written list: a file that is renamed has to be renamed there too."""

import re
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parents[1]


def test_every_test_that_runs_on_containers_is_there() -> None:
    source = (TESTS / "containers/__main__.py").read_text(encoding="utf-8")  # importing it loads testcontainers
    listed = re.findall(r'^    "([\w/.]+)",$', source, re.MULTILINE)

    assert len(listed) > 10
    assert [test for test in listed if not (TESTS / "integration" / test).exists()] == []
