"""`usher run` with stand-ins for the four services: the settings, folder, servers and supervisor are the real ones."""

import sys
from pathlib import Path

from cli.folder import ADDRESS, Folder
from cli.run import become_supervisor, check_port, prepare
from cli.settings import RunSettings
from cli.supervisor.plan import Plan
from cli.supervisor.program import HttpCheck, Program
from shared import settings
from shared.errors import UsherError


def main() -> None:
    config = settings.load(RunSettings)
    folder = Folder(config.usher_data_dir)
    folder.make()
    lock = folder.lock()
    check_port(config)
    servers, environment = prepare(config, folder)
    folder.publish(ADDRESS, config.local_url)
    stand_in = Program(
        name="gateway",
        arguments=(
            sys.executable,
            str(Path(__file__).with_name("stand_in.py")),
            "well",
            str(config.usher_port),
            str(folder.path),
        ),
        environment=environment,
        ready_when=(HttpCheck("127.0.0.1", config.usher_port, "/ready"),),
    )
    become_supervisor(Plan(address=config.local_url, servers=servers, services=[stand_in], lock=lock), folder)


if __name__ == "__main__":
    try:
        main()
    except UsherError as exc:
        sys.exit(f"usher: {exc.detail}")
