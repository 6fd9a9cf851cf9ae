"""A service's routes and events as a page to read, made here of its own OpenAPI and AsyncAPI.

The usual viewers are a megabyte of script from another host; without the internet they are blank.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from shared.documents import Document


@dataclass(frozen=True, slots=True)
class Field:
    """One that is sent. kind: its type as one says it; words: what it means, if that is said."""

    name: str
    kind: str
    is_required: bool
    words: str


@dataclass(frozen=True, slots=True)
class Operation:
    """A route, or an event on a topic. title: `POST /offers`, or the event's type."""

    anchor: str
    title: str
    group: str
    words: str
    roles: tuple[str, ...]
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]


def list_routes(app: FastAPI) -> list[Operation]:
    """By the first word of their path, as they are registered."""
    document = app.openapi()
    return [
        Operation(
            anchor=route["operationId"],
            title=f"{method.upper()} {path}",
            group=path.split("/")[1] or "/",
            words=route.get("description", ""),
            roles=tuple(route.get("x-roles", ())),
            parameters=tuple(_list_parameters(document, route)),
            body=tuple(_list_body(document, route)),
        )
        for path, methods in document["paths"].items()
        for method, route in methods.items()
    ]


def _list_parameters(document: Document, route: Document) -> Iterator[Field]:
    for parameter in route.get("parameters", ()):
        kind = f"{_name_kind(document, parameter['schema'])}, {parameter['in']}"
        required = parameter.get("required", False)
        yield Field(parameter["name"], kind, required, parameter.get("description", ""))


def _list_body(document: Document, route: Document) -> Iterator[Field]:
    content = route.get("requestBody", {}).get("content", {})
    for media in content.values():
        schema = _resolve(document, media.get("schema", {}))
        yield from _list_fields(document, _resolve(document, schema.get("items", schema)))


def list_events(document: Document) -> list[Operation]:
    """Of an AsyncAPI: those that are read, then those that are written; each with its topic."""
    operations = []
    for name, operation in document["operations"].items():
        channel = _resolve(document, operation["channel"])
        message = _resolve(document, next(iter(channel["messages"].values())))
        payload = _resolve(document, _resolve(document, message)["payload"])
        operations.append(
            Operation(
                anchor=name,
                title=name,
                group="读取 reads" if operation["action"] == "receive" else "写入 writes",
                words=f"{channel['address']}\n\n{payload.get('description', '')}".strip(),
                roles=(),
                parameters=(),
                body=tuple(_list_event_fields(document, payload)),
            )
        )
    return sorted(operations, key=lambda event: (event.group, event.title))


def _list_event_fields(document: Document, envelope: Document) -> Iterator[Field]:
    """Of the envelope; where it says `data`, those of the fact."""
    for each in _list_fields(document, envelope):
        if each.name != "data":
            yield each
    yield from _list_fields(document, _resolve(document, envelope["properties"]["data"]), "data.")


def _list_fields(document: Document, schema: Document, prefix: str = "") -> Iterator[Field]:
    required = schema.get("required", ())
    for name, of_field in schema.get("properties", {}).items():
        words = of_field.get("description", "")
        yield Field(f"{prefix}{name}", _name_kind(document, of_field), name in required, words)


def _name_kind(document: Document, schema: Document) -> str:
    """`string`, `Need`, `list of Need`, `a or b`; values where there are few."""
    if "$ref" in schema:
        target = _resolve(document, schema)
        name = str(schema["$ref"]).rpartition("/")[2]
        return _name_values(target) or name
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(_name_kind(document, each) for each in schema[several])
    if schema.get("type") == "array":
        return f"list of {_name_kind(document, schema.get('items', {}))}"
    return _name_values(schema) or str(schema.get("format") or schema.get("type", "any"))


def _name_values(schema: Document) -> str:
    if "const" in schema:
        return str(schema["const"])
    return " | ".join(str(value) for value in schema.get("enum", ()))


def _resolve(document: Document, node: Document) -> Document:
    while "$ref" in node:
        target: Any = document
        for step in str(node["$ref"]).removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        node = target
    return node
