"""The systems' own descriptions, and whether an answer is what they say."""

import functools
import json
import re
from typing import Any, Final

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.documents import FOLDER

SPECS: Final = FOLDER / "specs"
needs_specs = pytest.mark.skipif(not SPECS.is_dir(), reason=f"there is no {SPECS}")

_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch"})
_URI: Final = "spec:"


class Spec:
    """An OpenAPI document."""

    def __init__(self, document: Any) -> None:
        self._document = document
        resource = Resource.from_contents(document, default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(_URI, resource)
        self._operations = {
            f"{method.upper()} {_nameless(path)}": (path, method)
            for path, item in document["paths"].items()
            for method in item
            if method in _METHODS
        }

    @property
    def operations(self) -> set[str]:
        """Methods and paths, without the names of what stands in braces."""
        return set(self._operations)

    def problems(self, operation: str, status: int, body: object) -> list[str]:
        """Return what is wrong with an answer to an operation; nothing where the description is silent about bodies."""
        path, method = self._operations[_nameless(operation)]
        responses = self._document["paths"][path][method]["responses"]
        key = next((key for key in (str(status), f"{status // 100}XX", "default") if key in responses), None)
        if key is None:
            return [f"{operation} never answers {status}"]
        pointer = f"/paths/{escaped(path)}/{method}/responses/{key}"
        response = responses[key]
        if "$ref" in response:
            pointer = response["$ref"].removeprefix("#")
            response = functools.reduce(lambda part, name: part[name], pointer.strip("/").split("/"), self._document)
        if "application/json" not in response.get("content", {}):
            return []
        return self.faults(f"{pointer}/content/application~1json/schema", body)

    def faults(self, pointer: str, body: object) -> list[str]:
        """Return where a value departs from the schema at a pointer into the document."""
        validator = Draft202012Validator({"$ref": f"{_URI}#{pointer}"}, registry=self._registry)
        errors = sorted(validator.iter_errors(body), key=lambda error: error.json_path)
        return [f"{error.json_path}: {error.message[:200]}" for error in errors]


@functools.cache
def spec(name: str) -> Spec:
    """Return a description out of the documents beside the checkout; read once."""
    text = (SPECS / name).read_text(encoding="utf-8")
    document = json.loads(text) if name.endswith(".json") else yaml.load(text, Loader=yaml.CSafeLoader)
    return Spec(_modern(document) if str(document["openapi"]).startswith("3.0") else document)


def nameless(routes: object, *, without: str = "") -> set[str]:
    """Return a stand-in's routes in the form of `Spec.operations`, without a prefix of their paths."""
    assert isinstance(routes, dict)
    return {_nameless(route.replace(f" {without}", " ", 1)) for route in routes}


def _nameless(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def escaped(path: str) -> str:
    """Return a path as a part of a pointer into a document."""
    return path.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")


def _modern(part: Any) -> Any:
    """`nullable: true` of OpenAPI 3.0 said in the words of 3.1."""
    if isinstance(part, list):
        return [_modern(each) for each in part]
    if not isinstance(part, dict):
        return part
    modern = {name: _modern(each) for name, each in part.items()}
    if modern.pop("nullable", None) is not True:
        return modern
    return {"anyOf": [modern, {"type": "null"}]}
