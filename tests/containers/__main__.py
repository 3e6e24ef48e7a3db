"""Integration tests once more, on the public images that compose uses: `python -m tests.containers [pytest's own]`.

Those are run again that between them reach every line of ours that speaks to Postgres or NATS and that any integration
test reaches (stores, `shared/bus`, `shared/postgres`, the vault): found by coverage with `--cov-context=test`. The
others ask these servers nothing new.

The nats-servers read compose's own configuration file, one for each of pytest's workers, because tests delete all
streams. Tests that kill or freeze a server still start their own; what needs no server is not run again.
"""

import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import msgspec
from testcontainers.community.nats import NatsContainer
from testcontainers.community.postgres import PostgresContainer

ROOT = Path(__file__).parents[2]
WORKERS: Final = 4
TESTS: Final = (
    "bus",
    "shared",
    "upstreams",
    "vault",
    "syncer/history",
    "syncer/users",
    "cli/test_doctor.py",
    "discord/test_history.py",
    "discord/test_whole_way.py",
    "gateway/test_bootstrap.py",
    "gateway/test_dead_letters.py",
    "gateway/test_events.py",
    "gateway/test_frozen.py",
    "gateway/test_full_disk.py",
    "gateway/test_health.py",
    "gateway/test_keys.py",
    "gateway/test_login.py",
    "gateway/test_login_alone.py",
    "gateway/test_password.py",
    "gateway/test_refused.py",
    "gateway/test_runs.py",
    "gateway/test_spool.py",
    "gateway/test_spool_damage.py",
    "linker/flows/test_token_checks.py",
    "linker/flows/test_trakt_renewal.py",
    "linker/seerr/test_faults.py",
    "linker/seerr/test_kept_users.py",
    "linker/seerr/test_nightly_check.py",
    "linker/seerr/test_writer.py",
    "linker/servers/test_discovery.py",
    "linker/servers/test_servers.py",
    "linker/servers/test_servers_from_settings.py",
    "linker/test_daily_token_check.py",
    "linker/test_other_systems.py",
    "linker/test_people.py",
)


class Servers(msgspec.Struct, frozen=True):
    """The servers' addresses and passwords."""

    database_url: str
    nats_urls: list[str]


@contextmanager
def servers() -> Iterator[Servers]:
    """Run the servers in containers while the block runs, with their files in memory."""
    password = secrets.token_hex(16)
    database = (
        PostgresContainer("postgres:18-alpine", username="usher", password=password, dbname="usher", driver=None)
        .with_tmpfs_mount("/var/lib/postgresql")
        .with_command(["postgres", "-c", "max_connections=300"])
    )
    with ExitStack() as stack:
        running = stack.enter_context(database)
        buses = [stack.enter_context(_bus(password)) for _ in range(WORKERS)]
        addresses = [bus.nats_host_and_port() for bus in buses]
        yield Servers(
            running.get_connection_url(), [f"nats://usher:{password}@{host}:{port}" for host, port in addresses]
        )


def _bus(password: str) -> NatsContainer:
    return (
        NatsContainer("nats:2.15-alpine")
        .with_env("NATS_PASSWORD", f'"{password}"')
        .with_volume_mapping(ROOT / "deploy" / "nats.conf", "/etc/nats/usher.conf")
        .with_tmpfs_mount("/data")
        .with_command(["nats-server", "--config", "/etc/nats/usher.conf"])
    )


def main(arguments: list[str]) -> int:
    """Return pytest's status. Ctrl-C is left to pytest, which reports what it has; the containers go after it."""
    signal.signal(signal.SIGINT, lambda *_: None)
    with servers() as running:
        variables = (
            f"USHER_TEST_DATABASE_URL={running.database_url}",
            f"USHER_TEST_NATS_URLS={' '.join(running.nats_urls)}",
        )
        pytest = [sys.executable, "-m", "pytest", "--numprocesses", str(WORKERS), "--dist", "loadfile"]
        command = ["env", *variables, *pytest, *(f"tests/integration/{name}" for name in TESTS), *arguments]
        return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
