from pathlib import Path

from cli.supervisor.plan import Plan, dump, load
from cli.supervisor.program import HttpCheck, Program
from cli.supervisor.restart import Limits


def test_a_plan_survives_being_handed_over(tmp_path: Path) -> None:
    plan = Plan(
        address="http://127.0.0.1:8000",
        servers=[
            Program(
                name="nats",
                arguments=("nats-server",),
                inherits=False,
                log="/logs/nats.log",
                folder="/data/nats",
                health=HttpCheck("127.0.0.1", 8222, "/healthz"),
            )
        ],
        services=[
            Program(
                name="gateway",
                arguments=("python", "-m", "services.gateway"),
                environment={"DATABASE_URL_FILE": "/data/run/database_url"},
                ready_when=(HttpCheck("127.0.0.1", 8000, "/ready"),),
            )
        ],
        limits=Limits(deaths=3),
        lock=7,
        remove=["/data/run/plan"],
    )
    file = tmp_path / "plan"
    file.write_text(dump(plan))

    assert load(file) == plan
