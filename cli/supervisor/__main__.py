"""The process that `usher run` becomes: `python -m cli.supervisor PLAN`."""

import os
import sys
from pathlib import Path

from cli.supervisor.loop import Supervisor
from cli.supervisor.plan import load


def main() -> int:
    """Carry out the plan in a file."""
    plan = load(Path(sys.argv[1]))
    if plan.lock is not None:
        os.set_inheritable(plan.lock, False)
    return Supervisor(plan).run()


if __name__ == "__main__":
    sys.exit(main())
