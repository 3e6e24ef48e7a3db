"""The description behind `/docs`, where examples of bodies stand where readers and programs look for them.

Litestar writes those of a request's body into its schema, and OpenAPI has a place for them beside it.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import OpenAPI


class Described(OpenAPI):
    """A description that is put right on its way out."""

    def to_schema(self) -> dict[str, Any]:
        """Return the description as JSON."""
        schema = super().to_schema()
        for media in _bodies(schema):
            found = media.get("schema", {}).pop("examples", [])
            if found and "examples" not in media:
                media["examples"] = {f"example-{number}": {"value": each} for number, each in enumerate(found, start=1)}
        return schema


class Config(OpenAPIConfig):
    """Litestar's settings, for a description of our kind."""

    def to_openapi_schema(self) -> OpenAPI:
        """Return the description, still without routes."""
        plain = super().to_openapi_schema()
        return Described(**{field.name: getattr(plain, field.name) for field in dataclasses.fields(plain)})


def _bodies(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in schema["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict):
                yield from operation.get("requestBody", {}).get("content", {}).values()
