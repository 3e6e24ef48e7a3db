"""The systems' own descriptions of their APIs, and what in a request is not as they say."""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx
import jsonschema
import msgspec
import yaml

from tests.documents import SPECS

_UUID: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch"})


class Operation(msgspec.Struct, frozen=True):
    """One call as it is described."""

    document: dict[str, Any]
    values: dict[str, str]
    item: dict[str, Any]
    described: dict[str, Any]

    def faults(self, request: httpx.Request) -> list[str]:
        """Return what is missing in a request, or in it and not described."""
        return [*self._parameter_faults(request), *self._body_faults(request)]

    def needs_credential(self) -> bool:
        """Return whether it is not for everybody."""
        security = self.described.get("security", self.document.get("security", []))
        return bool(security) and {} not in security

    def _parameter_faults(self, request: httpx.Request) -> Iterator[str]:
        parameters = [
            resolved(self.document, parameter)
            for parameter in [*self.item.get("parameters", []), *self.described.get("parameters", [])]
        ]
        for parameter in parameters:
            given: Mapping[str, str] = request.url.params if parameter["in"] == "query" else request.headers
            if parameter["in"] in {"query", "header"} and parameter.get("required") and parameter["name"] not in given:
                yield f"{parameter['in']} {parameter['name']} is missing"
            is_uuid = parameter["in"] == "path" and parameter["schema"].get("format") == "uuid"
            if is_uuid and not _UUID.fullmatch(self.values[parameter["name"]]):
                yield f"path {parameter['name']} is no UUID"
        allowed = {name for parameter in parameters if parameter["in"] == "query" for name in self._names(parameter)}
        yield from (f"query {name} is not described" for name in request.url.params if name not in allowed)

    def _names(self, parameter: dict[str, Any]) -> set[str]:
        schema = resolved(self.document, parameter.get("schema", {}))
        return set(schema.get("properties", {})) or {
            parameter["name"]
        }  # an object's fields are parameters of their own

    def _body_faults(self, request: httpx.Request) -> Iterator[str]:
        body = resolved(self.document, self.described.get("requestBody", {}))
        if not body:
            if request.content:
                yield "a body is not described"
            return
        if not request.content:
            if body.get("required"):
                yield "the body is missing"
            return
        schema = {**_modern(body["content"]["application/json"]["schema"]), "components": _parts(self.document)}
        validator = jsonschema.Draft202012Validator(schema)
        yield from (error.message[:200] for error in validator.iter_errors(msgspec.json.decode(request.content)))


class Description(msgspec.Struct, frozen=True):
    """An OpenAPI document."""

    document: dict[str, Any]

    def operation(self, method: str, path: str) -> Operation | None:
        """Return the call of a request; where several patterns fit, the one with the fewest placeholders."""
        fitting = [
            pattern
            for pattern, item in self.document["paths"].items()
            if method.lower() in item and method.lower() in _METHODS and _fits(pattern, path)
        ]
        if not fitting:
            return None
        pattern = min(fitting, key=lambda candidate: candidate.count("{"))
        item = self.document["paths"][pattern]
        values = {
            part.strip("{}"): value
            for part, value in zip(pattern.split("/"), path.split("/"), strict=True)
            if "{" in part
        }
        return Operation(self.document, values, item, item[method.lower()])

    def properties(self, name: str) -> set[str]:
        """Return the fields of a type."""
        return properties_of(self.document, self.document["components"]["schemas"][name])


def properties_of(document: dict[str, Any], schema: dict[str, Any]) -> set[str]:
    """Return the fields of a type, those that it is put together of too."""
    plain = resolved(document, schema)
    return set(plain.get("properties", {})).union(*(properties_of(document, part) for part in plain.get("allOf", [])))


def resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Return what a reference points to."""
    while "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


@functools.cache
def described(name: str) -> Description:
    """Return a description by its file's name."""
    content = (SPECS / name).read_bytes()
    document = msgspec.json.decode(content) if name.endswith(".json") else yaml.load(content, yaml.CSafeLoader)
    return Description(document)


@functools.cache
def trakt_routes() -> frozenset[tuple[str, str]]:
    """Return Trakt's calls, method and path."""
    listed = msgspec.json.decode((SPECS / "trakt-routes-2026-07.json").read_bytes())
    return frozenset((route["method"], route["path"]) for route in _routes(listed))


def _routes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict) and {"method", "path"} <= node.keys():
        yield node
    elif isinstance(node, dict | list):
        for inner in node.values() if isinstance(node, dict) else node:
            yield from _routes(inner)


def _fits(pattern: str, path: str) -> bool:
    wanted, given = pattern.split("/"), path.split("/")
    return len(wanted) == len(given) and all(
        part == value or (part.startswith("{") and part.endswith("}") and bool(value))
        for part, value in zip(wanted, given, strict=True)
    )


def _parts(document: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": _modern(document["components"]["schemas"])}


def _modern(node: Any) -> Any:
    """Return a schema of OpenAPI 3.0 as JSON Schema, which says "or null" otherwise."""
    if isinstance(node, list):
        return [_modern(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    changed = {name: _modern(inner) for name, inner in node.items()}
    if changed.get("nullable") is True and isinstance(changed.get("type"), str):
        changed["type"] = [changed["type"], "null"]
    return changed
