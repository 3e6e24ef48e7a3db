"""Runs a command as a person types it."""

from importlib import import_module

from typer.testing import CliRunner, Result


def usher(command: str, environment: dict[str, str]) -> Result:
    name, *arguments = command.split()
    return CliRunner().invoke(import_module(f"cli.{name}").app, arguments, env=environment)
