"""`make bench`: runs the benchmarks, prints a table, writes bench/results.json."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from bench import discord, footprint, ingest, pages, pins, vault
from bench.figures import Figure

RESULTS = Path(__file__).with_name("results.json")


def main() -> int:
    """Run all benchmarks, or those named on the command line; the exit status says whether every target was met."""
    wanted = sys.argv[1:] or ["ingest", "discord", "footprint", "pins", "vault", "pages"]
    figures: list[Figure] = []
    if "ingest" in wanted:
        figures += ingest.run()
    if "discord" in wanted:
        figures += discord.run()
    if "footprint" in wanted:
        figures += footprint.run()
    if "pins" in wanted:
        figures += pins.run()
    if "vault" in wanted:
        figures += vault.run()
    if "pages" in wanted:
        figures += pages.run()
    _print(figures)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode({"at": datetime.now(UTC), "figures": figures})))
    return 0 if all(figure.met is not False for figure in figures) else 1


def _print(figures: list[Figure]) -> None:
    table = Table("figure", "value", "unit", "target", "met")
    for figure in figures:
        met = "" if figure.met is None else "yes" if figure.met else "NO"
        table.add_row(figure.name, f"{figure.value:g}", figure.unit, figure.target, met)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
