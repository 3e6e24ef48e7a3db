"""A benchmark's result: a figure with its unit, its target and, if there is one, its floor."""

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table. `target` is in words; `met` is None without a target."""

    name: str
    value: float
    unit: str
    target: str = ""
    met: bool | None = None


def at_most(name: str, value: float, unit: str, limit: float) -> Figure:
    """Return a figure that should stay below a limit."""
    return Figure(name=name, value=round(value, 3), unit=unit, target=f"<= {limit:g} {unit}", met=value <= limit)


def at_least(name: str, value: float, unit: str, limit: float) -> Figure:
    """Return a figure that should stay above a limit."""
    return Figure(name=name, value=round(value, 3), unit=unit, target=f">= {limit:g} {unit}", met=value >= limit)


def plain(name: str, value: float, unit: str) -> Figure:
    """Return a figure without a target."""
    return Figure(name=name, value=round(value, 3), unit=unit)
