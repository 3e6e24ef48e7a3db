"""The integration tests once more, on the public images that compose uses: `python -m tests.containers [pytest's own]`.

The nats-server reads compose's own configuration file. Tests that kill or freeze a server still start their own.
"""

import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from testcontainers.community.nats import NatsContainer
from testcontainers.community.postgres import PostgresContainer

ROOT = Path(__file__).parents[2]


class Servers(msgspec.Struct, frozen=True):
    """Where the two servers are, with their passwords."""

    database_url: str
    nats_url: str


@contextmanager
def servers() -> Iterator[Servers]:
    """Run both servers in containers while the block runs."""
    password = secrets.token_hex(16)
    database = PostgresContainer("postgres:18-alpine", username="usher", password=password, dbname="usher", driver=None)
    bus = (
        NatsContainer("nats:2.15-alpine")
        .with_env("NATS_PASSWORD", f'"{password}"')
        .with_volume_mapping(ROOT / "deploy" / "nats.conf", "/etc/nats/usher.conf")
        .with_command(["nats-server", "--config", "/etc/nats/usher.conf"])
    )
    with database, bus:
        host, port = bus.nats_host_and_port()
        yield Servers(database.get_connection_url(), f"nats://usher:{password}@{host}:{port}")


def main(arguments: list[str]) -> int:
    """Return pytest's status. Ctrl-C is left to pytest, which reports what it has; the containers go after it."""
    signal.signal(signal.SIGINT, lambda *_: None)
    with servers() as running:
        variables = (f"USHER_TEST_DATABASE_URL={running.database_url}", f"USHER_TEST_NATS_URL={running.nats_url}")
        command = ["env", *variables, sys.executable, "-m", "pytest", "tests/integration", *arguments]
        return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
