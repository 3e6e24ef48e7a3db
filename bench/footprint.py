"""How long everything takes to be ready, and how much memory it uses when idle."""

import tempfile
import time
from pathlib import Path

from bench import latency
from bench.figures import Figure, at_most, plain
from tests.house import House

IDLE_S = 20


def run() -> list[Figure]:
    """Start a first time, measure memory and latency, start again."""
    with tempfile.TemporaryDirectory(prefix="usher-bench-") as name:
        house = House(Path(name) / "data")
        figures = [at_most("start: first time", house.start(), "s", 15)]
        time.sleep(IDLE_S)
        figures += memory(house)
        figures += latency.run(house)
        figures.append(at_most("stop", house.stop(), "s", 10))
        figures.append(at_most("start: with data", house.start(), "s", 6))
        house.stop()
    return figures


def memory(house: House) -> list[Figure]:
    """Return the proportional set sizes, in MiB."""
    sizes: dict[str, float] = {}
    for process in house.processes():
        name = next((part for part in ("gateway", "linker", "syncer", "requester") if part in process.command), "")
        name = name or ("nats" if "nats-server" in process.command else "postgres")
        sizes[name] = sizes.get(name, 0.0) + pss_mib(process.pid)
    rows = [plain(f"idle memory: {name}", size, "MiB") for name, size in sorted(sizes.items())]
    return [*rows, at_most("idle memory: together", sum(sizes.values()), "MiB", 210)]


def pss_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0
