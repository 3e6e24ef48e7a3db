"""What the supervisor is to do, passed to it as a JSON file without secrets."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cli.supervisor.program import HttpCheck, Program
from cli.supervisor.restart import Limits


class Plan(NamedTuple):
    """Services stop before servers.

    Every `look_every_s` the supervisor checks whether servers still write. One that does not is restarted, and killed
    if that takes longer than `renew_within_s`. `lock` is an open file that keeps a second copy away; `remove` is
    deleted at the end.
    """

    address: str
    servers: Sequence[Program]
    services: Sequence[Program]
    limits: Limits = Limits()
    stop_services_within_s: float = 7.0
    stop_all_within_s: float = 9.3
    look_every_s: float = 5.0
    renew_within_s: float = 30.0
    lock: int | None = None
    remove: Sequence[str] = ()


def dump(plan: Plan) -> str:
    """Return a plan as JSON."""
    fields = plan._asdict() | {
        "servers": [_fields(program) for program in plan.servers],
        "services": [_fields(program) for program in plan.services],
        "limits": plan.limits._asdict(),
    }
    return json.dumps(fields, indent=1)


def _fields(program: Program) -> dict[str, Any]:
    return program._asdict() | {"environment": dict(program.environment)}


def load(path: Path) -> Plan:
    """Return the plan in a file that `dump` wrote."""
    fields = json.loads(path.read_text(encoding="utf-8"))
    fields["servers"] = [_program(program) for program in fields["servers"]]
    fields["services"] = [_program(program) for program in fields["services"]]
    fields["limits"] = Limits(**fields["limits"])
    return Plan(**fields)


def _program(fields: dict[str, Any]) -> Program:
    checks = tuple(HttpCheck(*check) for check in fields["ready_when"])
    health = None if fields["health"] is None else HttpCheck(*fields["health"])
    return Program(**fields | {"arguments": tuple(fields["arguments"]), "ready_when": checks, "health": health})
