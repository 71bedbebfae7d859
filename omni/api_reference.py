"""How does the API's schema read as a page? Groups of calls, each with its parameters, its body and a sample."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator

METHODS = ("get", "post", "put", "patch", "delete")
DEEPEST = 6
EXAMPLES_BY_KIND: dict[Any, Any] = {"integer": 1, "number": 1.5, "boolean": True, "null": None}
EXAMPLES_BY_FORMAT = {
    "date-time": "2026-01-31T09:30:00Z",
    "date": "2026-01-31",
    "email": "anna@example.com",
    "uri": "https://example.com/",
    "uuid": "0193b1c0-7d6e-7000-8000-000000000000",
}


@dataclass(frozen=True)
class Field:
    """One parameter or one field of a body."""

    name: str
    kind: str
    is_required: bool
    text: str


@dataclass(frozen=True)
class Call:
    """One thing a program can ask."""

    id: str
    method: str
    path: str
    title: str
    text: str
    parameters: list[Field]
    body: list[Field]
    sample: str  # JSON of a body, "" when there is none
    answers: list[tuple[str, str]]  # (status, what it means)
    answer_sample: str


@dataclass(frozen=True)
class Group:
    name: str
    calls: list[Call]


@cache
def groups() -> list[Group]:
    """Return all calls by tag, in the order of the schema. Built once per process: the schema follows from the code."""
    generator: Any = SchemaGenerator  # untyped library
    schema = generator().get_schema(request=None, public=True)
    reader = _Reader(schema.get("components", {}))
    found: dict[str, list[Call]] = defaultdict(list)
    for path, item in schema.get("paths", {}).items():
        for method in METHODS:
            if operation := item.get(method):
                name = (operation.get("tags") or ["api"])[0]
                found[name].append(reader.call(path, method, operation))
    return [Group(name.replace("_", " ").capitalize(), calls) for name, calls in found.items()]


class _Reader:
    """Reads operations, following references into `components`."""

    def __init__(self, components: Mapping[str, Any]) -> None:
        self.parts = components
        self.components: Mapping[str, Any] = components.get("schemas", {})

    def call(self, path: str, method: str, operation: Mapping[str, Any]) -> Call:
        text = str(operation.get("description", "")).strip()
        first, _, rest = text.partition("\n\n")
        body = self._json_schema(operation.get("requestBody", {}))
        answers = {status: self._part(answer) for status, answer in operation.get("responses", {}).items()}
        success: Mapping[str, Any] = next((answer for status, answer in answers.items() if str(status).startswith("2")), {})
        answer_schema = self._json_schema(success)
        return Call(
            id=str(operation.get("operationId", f"{method}{path}")),
            method=method.upper(),
            path=path,
            title=str(operation.get("summary", "")) or first.rstrip("."),
            text=rest if not operation.get("summary") else text,
            parameters=[self._parameter(self._part(parameter)) for parameter in operation.get("parameters", [])],
            body=self._fields(body),
            sample=self._sample(body),
            answers=[(str(status), str(answer.get("description", ""))) for status, answer in answers.items()],
            answer_sample=self._sample(answer_schema),
        )

    def _part(self, holder: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what a reference into `components` means, or the thing itself."""
        kind, _, name = holder.get("$ref", "").removeprefix("#/components/").partition("/")
        part: Mapping[str, Any] = self.parts.get(kind, {}).get(name, {}) if name else holder
        return part

    def _parameter(self, parameter: Mapping[str, Any]) -> Field:
        kind = self._kind(parameter.get("schema", {}))
        return Field(parameter["name"], kind, bool(parameter.get("required")), str(parameter.get("description", "")))

    def _json_schema(self, holder: Mapping[str, Any]) -> Mapping[str, Any]:
        contents = holder.get("content", {})
        kinds = [content for kind, content in contents.items() if "json" in kind] or list(contents.values())
        return self._follow(kinds[0].get("schema", {})) if kinds else {}

    def _fields(self, schema: Mapping[str, Any]) -> list[Field]:
        required = set(schema.get("required", []))
        return [
            Field(name, self._kind(inner), name in required, str(inner.get("description", "")))
            for name, inner in schema.get("properties", {}).items()
            if not inner.get("readOnly")
        ]

    def _kind(self, schema: Mapping[str, Any]) -> str:
        schema = self._follow(schema)
        if options := schema.get("enum"):
            return " | ".join(str(option) for option in options if option not in ("", None))
        kind = schema.get("type", "any")
        kind = kind if isinstance(kind, str) else " | ".join(kind)
        if kind == "array":
            return f"list of {self._kind(schema.get('items', {}))}"
        return str(schema.get("format", kind))

    def _follow(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        if reference := schema.get("$ref"):
            target: Mapping[str, Any] = self.components.get(reference.rsplit("/", 1)[-1], {})
            return target
        for joined in ("allOf", "oneOf", "anyOf"):
            if schema.get(joined):
                return self._follow(schema[joined][0])
        return schema

    def _sample(self, schema: Mapping[str, Any]) -> str:
        if not schema:
            return ""
        return json.dumps(self._example(schema, 0), indent=2, ensure_ascii=False)

    def _example(self, schema: Mapping[str, Any], depth: int) -> Any:
        schema = self._follow(schema)
        for given in ("example", "default"):
            if given in schema:
                return schema[given]
        if schema.get("enum"):
            return schema["enum"][0]
        kind = schema.get("type")
        kind = kind[0] if isinstance(kind, list) else kind
        if depth > DEEPEST:
            return None
        if kind == "object" or "properties" in schema:
            return {name: self._example(inner, depth + 1) for name, inner in schema.get("properties", {}).items()}
        if kind == "array":
            return [self._example(schema.get("items", {}), depth + 1)]
        return EXAMPLES_BY_FORMAT.get(schema.get("format", ""), EXAMPLES_BY_KIND.get(kind, "text"))
