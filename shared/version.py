"""Usher's version. It stands in pyproject.toml, and everything else reads it from the installed distribution."""

from importlib.metadata import PackageNotFoundError, version


def product_version() -> str:
    """Return the version of this installation."""
    try:
        return version("usher")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0.0.0"
