"""The systems' own descriptions, and checks of requests and answers against them."""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx
import msgspec
import yaml
from jsonschema import Draft202012Validator

from tests.documents import SPECS

_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch"})
_UUID: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Spec:
    """An OpenAPI document."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self._operations = {
            f"{method.upper()} {_nameless(path)}": operation
            for path, item in document["paths"].items()
            for method, operation in item.items()
            if method in _METHODS
        }

    @property
    def operations(self) -> set[str]:
        """Methods and paths, without the names of placeholders."""
        return set(self._operations)

    def problems(self, operation: str, status: int, body: object) -> list[str]:
        """Return what is wrong with an answer to an operation; nothing if the description says nothing about bodies."""
        responses = self._operations[_nameless(operation)]["responses"]
        key = next((key for key in (str(status), f"{status // 100}XX", "default") if key in responses), None)
        if key is None:
            return [f"{operation} never answers {status}"]
        content = self.resolved(responses[key]).get("content", {})
        return self.faults(content["application/json"]["schema"], body) if "application/json" in content else []

    def schema(self, name: str) -> dict[str, Any]:
        """Return a schema by name."""
        found: dict[str, Any] = self.document["components"]["schemas"][name]
        return found

    def faults(self, schema: Mapping[str, Any], value: object) -> list[str]:
        """Return where a value departs from a schema."""
        validator = Draft202012Validator({**self.document, **schema})  # so that its references lead somewhere
        errors = sorted(validator.iter_errors(value), key=lambda error: error.json_path)
        return [f"{error.json_path}: {error.message[:200]}" for error in errors]

    def properties(self, schema: Mapping[str, Any]) -> set[str]:
        """Return the fields of a schema, including those of its parts."""
        plain = self.resolved(schema)
        parts = [*plain.get("allOf", []), *plain.get("anyOf", [])]
        return set(plain.get("properties", {})).union(*(self.properties(part) for part in parts))

    def resolved(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what a reference points to."""
        while "$ref" in node:
            target: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def operation(self, method: str, path: str) -> "Operation | None":
        """Return the operation of a request; if several patterns fit, the one with the fewest placeholders."""
        fitting = [
            pattern
            for pattern, item in self.document["paths"].items()
            if method.lower() in item and method.lower() in _METHODS and _fits(pattern, path)
        ]
        if not fitting:
            return None
        pattern = min(fitting, key=lambda candidate: candidate.count("{"))
        pairs = zip(pattern.split("/"), path.split("/"), strict=True)
        values = {part.strip("{}"): value for part, value in pairs if "{" in part}
        item = self.document["paths"][pattern]
        return Operation(self, values, item, item[method.lower()])


class Operation(msgspec.Struct, frozen=True):
    """An operation with the values in the path of a request."""

    spec: Spec
    values: dict[str, str]
    item: dict[str, Any]
    described: dict[str, Any]

    def faults(self, request: httpx.Request) -> list[str]:
        """Return what a request lacks, and what it has but should not."""
        return [*self._parameter_faults(request), *self._body_faults(request)]

    def needs_credential(self) -> bool:
        """Tell whether it needs a credential."""
        security = self.described.get("security", self.spec.document.get("security", []))
        return bool(security) and {} not in security

    def _parameter_faults(self, request: httpx.Request) -> Iterator[str]:
        listed = [*self.item.get("parameters", []), *self.described.get("parameters", [])]
        parameters = [self.spec.resolved(parameter) for parameter in listed]
        for parameter in parameters:
            yield from self._faults_of(parameter, request)
        allowed = {name for parameter in parameters if parameter["in"] == "query" for name in self._names(parameter)}
        yield from (f"query {name} is not described" for name in request.url.params if name not in allowed)

    def _faults_of(self, parameter: Mapping[str, Any], request: httpx.Request) -> Iterator[str]:
        place, name = parameter["in"], parameter["name"]
        given: Mapping[str, str] = request.url.params if place == "query" else request.headers
        if place in {"query", "header"} and parameter.get("required") and name not in given:
            yield f"{place} {name} is missing"
        is_uuid = place == "path" and parameter["schema"].get("format") == "uuid"
        if is_uuid and not _UUID.fullmatch(self.values[name]):
            yield f"path {name} is no UUID"

    def _names(self, parameter: Mapping[str, Any]) -> set[str]:
        """An object's fields are separate parameters."""
        return self.spec.properties(parameter.get("schema", {})) or {parameter["name"]}

    def _body_faults(self, request: httpx.Request) -> Iterator[str]:
        body = self.spec.resolved(self.described.get("requestBody", {}))
        if not body:
            if request.content:
                yield "a body is not described"
        elif request.content:
            schema = body["content"]["application/json"]["schema"]
            yield from self.spec.faults(schema, msgspec.json.decode(request.content))
        elif body.get("required"):
            yield "the body is missing"


@functools.cache
def spec(name: str) -> Spec:
    """Return a description from the documents beside the checkout; read once."""
    text = (SPECS / name).read_text(encoding="utf-8")
    document = json.loads(text) if name.endswith(".json") else yaml.load(text, Loader=yaml.CSafeLoader)
    return Spec(_modern(document) if str(document["openapi"]).startswith("3.0") else document)


@functools.cache
def trakt_routes() -> dict[str, dict[str, Any]]:
    """Return Trakt's routes by method and path."""
    listed = json.loads((SPECS / "trakt-routes-2026-07.json").read_text(encoding="utf-8"))
    return {f"{route['method']} {route['path']}": route for route in _routes(listed)}


def _routes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict) and {"method", "path"} <= node.keys():
        yield node
    elif isinstance(node, dict | list):
        for inner in node.values() if isinstance(node, dict) else node:
            yield from _routes(inner)


def nameless(routes: object, *, without: str = "") -> set[str]:
    """Return a stand-in's routes in the form of `Spec.operations`, without a prefix of their paths."""
    assert isinstance(routes, dict)
    return {_nameless(route.replace(f" {without}", " ", 1)) for route in routes}


def _nameless(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _fits(pattern: str, path: str) -> bool:
    wanted, given = pattern.split("/"), path.split("/")
    return len(wanted) == len(given) and all(
        part == value or (part.startswith("{") and part.endswith("}") and bool(value))
        for part, value in zip(wanted, given, strict=True)
    )


def _modern(part: Any) -> Any:
    """Express `nullable: true` of OpenAPI 3.0 as in 3.1."""
    if isinstance(part, list):
        return [_modern(each) for each in part]
    if not isinstance(part, dict):
        return part
    modern = {name: _modern(each) for name, each in part.items()}
    if modern.pop("nullable", None) is not True:
        return modern
    return {"anyOf": [modern, {"type": "null"}]}
