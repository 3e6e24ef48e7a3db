"""`usher run`: prepares the data folder and the embedded servers, then becomes the supervisor.

What only the preparation needs (this module, typer, msgspec) does not stay in memory: the process becomes `python -m
cli.supervisor`, with a plan in a file. Secrets are passed on as file names, never as arguments.
"""

import os
import secrets
import socket
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, NoReturn
from urllib.parse import urlsplit

import typer

from cli import folder as names
from cli.embedded.nats import EmbeddedNats
from cli.embedded.postgres import EmbeddedPostgres
from cli.embedded.program import free_port
from cli.folder import Folder
from cli.settings import KINDS, MADE_BY_RUN, SERVICES, RunSettings
from cli.supervisor.plan import Plan, dump
from cli.supervisor.program import HttpCheck, Program
from shared import descriptors, settings
from shared.errors import PermanentError
from shared.keyring import Keyring, new_key, new_key_id
from shared.schemas.secret import Secret
from shared.settings import SettingsError, UpstreamSettings

_KEY_BYTES: Final = 32
_LAST_PORT: Final = 65535
_UNAUTHORIZED: Final = 401
"""The answer of a gateway that has read its keys: before that it takes webhooks, and answers 503 to everything else."""

app = typer.Typer(add_completion=False)


class PortError(PermanentError):
    """The gateway cannot listen at its address."""


_MANUAL: Final = "\n\n".join(f"{name}: {text}" for name, text in sorted(settings.describe_variables(KINDS).items()))
_EPILOG: Final = f"""\
Variables of the environment or of a file .env; NAME_FILE reads NAME from a file:

{_MANUAL}"""


@app.command(epilog=_EPILOG)
def run() -> None:
    """Run Usher: gateway, linker, syncer and requester, with an embedded PostgreSQL and NATS, until Ctrl-C.

    Databases and generated secrets are in USHER_DATA_DIR. A part that dies is started again.
    """
    for kind in KINDS:
        for problem in settings.problems(kind, given=MADE_BY_RUN):
            raise SettingsError(problem)
    config = settings.load(RunSettings)
    check_settings(config, settings.load(UpstreamSettings))
    folder = Folder(config.usher_data_dir)
    folder.make()
    lock = folder.lock()
    check_port(config)
    servers, environment = prepare(config, folder)
    folder.publish(names.ADDRESS, config.local_url)
    become_supervisor(
        Plan(
            address=config.public_url,
            servers=servers,
            services=services(config, environment),
            lock=lock,
        ),
        folder,
    )


def check_settings(config: RunSettings, upstreams: UpstreamSettings) -> None:
    """Raise `SettingsError` for problems that a single variable does not show."""
    if upstreams.usher_allow_private:
        from shared.http.egress import private_networks  # noqa: PLC0415 (brings an HTTP client along)

        private_networks(upstreams.usher_allow_private)
    if config.nats_replicas > 1 and not config.nats_url:
        raise SettingsError(
            f"NATS_REPLICAS is {config.nats_replicas}, and the embedded NATS is one server: expected 1, "
            "or the servers of a cluster, for example NATS_URL=nats://a:4222,nats://b:4222,nats://c:4222"
        )


def check_port(config: RunSettings) -> None:
    """Raise `PortError` if the gateway could not listen."""
    if not _is_free(config.usher_host, config.usher_port):
        raise PortError(
            f"port {config.usher_port} of {config.usher_host} is taken or not ours: set USHER_PORT or USHER_HOST"
        )


def prepare(config: RunSettings, folder: Folder) -> tuple[list[Program], Mapping[str, str]]:
    """Create what is missing; return the servers to run, and the variables that say where everything is."""
    environment = {
        "USHER_DATA_DIR": str(folder.path),
        "USHER_LOCAL_API_KEY_FILE": str(folder.keep(names.LOCAL_API_KEY, _new_api_key)),
    }
    if not config.usher_encryption_keys:
        folder.keep(names.ENCRYPTION_KEYS, _new_encryption_key)
    keys = folder.encryption_keys(config.usher_encryption_keys)
    _check_keys(keys)
    environment["USHER_ENCRYPTION_KEYS"] = ""  # of the environment or `.env`: the file has it
    environment["USHER_ENCRYPTION_KEYS_FILE"] = str(folder.publish(names.ENCRYPTION_KEYS, keys.reveal()))
    servers = []
    if not config.nats_url:
        nats = EmbeddedNats(folder.nats, port=free_port(), monitor_port=free_port())
        nats.prepare()
        servers.append(_with_log(nats.program, folder))
        environment["NATS_URL_FILE"] = str(folder.publish(names.NATS_URL, nats.url.reveal()))
    if not config.database_url:
        postgres = EmbeddedPostgres(folder.postgres, port=free_port())
        postgres.prepare()
        servers.append(_with_log(postgres.program, folder))
        environment["DATABASE_URL_FILE"] = str(folder.publish(names.DATABASE_URL, postgres.url.reveal()))
    return servers, environment


def _check_keys(keys: Secret) -> None:
    try:
        Keyring.parse(keys)
    except PermanentError as exc:
        raise SettingsError(exc.detail) from exc


def services(config: RunSettings, environment: Mapping[str, str]) -> list[Program]:
    """Return the four services; all but the gateway answer health checks on the ports after the gateway's."""
    gateway, *others = SERVICES
    host = urlsplit(config.local_url).hostname or config.usher_host
    ready = HttpCheck(host, config.usher_port, "/ready")
    prepared = HttpCheck(host, config.usher_port, "/api/health", _UNAUTHORIZED)
    programs = [_service(gateway, environment, port=0, ready_when=(ready, prepared))]
    for offset, name in enumerate(others, start=1):
        wanted = config.usher_port + offset
        port = wanted if wanted <= _LAST_PORT and _is_free("127.0.0.1", wanted) else free_port()
        programs.append(_service(name, environment, port=port, ready_when=(HttpCheck("127.0.0.1", port, "/health"),)))
    return programs


_PUBLISHED: Final = (names.ADDRESS, names.DATABASE_URL, names.NATS_URL, names.ENCRYPTION_KEYS, "plan")


def become_supervisor(plan: Plan, folder: Folder) -> NoReturn:
    """Turn this process into the supervisor of a plan, with the limit of open files raised."""
    descriptors.raise_limit()
    published = [folder.run / name for name in _PUBLISHED]
    path = folder.publish("plan", dump(plan._replace(remove=[str(path) for path in published])))
    if plan.lock is not None:
        os.set_inheritable(plan.lock, True)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "cli.supervisor", str(path)])  # noqa: S606 (ourselves)


def _service(name: str, environment: Mapping[str, str], *, port: int, ready_when: tuple[HttpCheck, ...]) -> Program:
    return Program(
        name=name,
        arguments=(sys.executable, "-m", f"services.{name}"),
        environment={**environment, "USHER_MONITOR_HOST": "127.0.0.1", "USHER_MONITOR_PORT": str(port)},
        ready_when=ready_when,
        folder=environment["USHER_DATA_DIR"],
    )


def _with_log(program: Program, folder: Folder) -> Program:
    return program._replace(log=str(folder.logs / f"{program.name}.log"))


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError:
        return False
    return True


def _new_encryption_key() -> Secret:
    return new_key(new_key_id(datetime.now(UTC)))


def _new_api_key() -> Secret:
    return Secret(f"usha_{secrets.token_urlsafe(_KEY_BYTES)}")
