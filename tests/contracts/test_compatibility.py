"""What counts as breaking a published schema, one small change at a time."""

from typing import Any

import pytest

from shared.contracts.compatibility import find_incompatibilities

OLD: dict[str, Any] = {
    "type": "object",
    "required": ["id", "kind"],
    "properties": {
        "id": {"type": "string", "maxLength": 20},
        "kind": {"$ref": "#/$defs/Kind"},
        "note": {"type": "string"},
        "size": {"type": "integer", "minimum": 0},
        "place": {"anyOf": [{"$ref": "#/$defs/Place"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "$defs": {
        "Kind": {"type": "string", "enum": ["wish", "project"]},
        "Place": {
            "type": "object",
            "required": ["town"],
            "properties": {"town": {"type": "string"}},
        },
    },
}


def changed(**fields: Any) -> dict[str, Any]:
    return OLD | {"properties": OLD["properties"] | fields}


def without(field: str) -> dict[str, Any]:
    return OLD | {"properties": {k: v for k, v in OLD["properties"].items() if k != field}}


def defining(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return OLD | {"$defs": OLD["$defs"] | {name: schema}}


def required(*names: str) -> list[str]:
    return [*OLD["required"], *names]


BREAKING: dict[str, tuple[dict[str, Any], str]] = {
    "a field is removed": (without("note"), "data.note was removed"),
    "a field becomes required": (
        OLD | {"required": required("note")},
        "data.note became required",
    ),
    "a new field is required": (
        changed(colour={"type": "string"}) | {"required": required("colour")},
        "data.colour is new and required",
    ),
    "a type is another": (changed(size={"type": "string"}), "data.size was integer and is string"),
    "null is no longer taken": (
        changed(place={"$ref": "#/$defs/Place"}),
        "data.place was null and is object",
    ),
    "an enum value is removed": (
        defining("Kind", {"type": "string", "enum": ["wish"]}),
        "data.kind no longer takes 'project'",
    ),
    "free text becomes an enum": (
        changed(note={"type": "string", "enum": ["a"]}),
        "data.note took any value and takes only ['a']",
    ),
    "a text gets shorter": (
        changed(id={"type": "string", "maxLength": 10}),
        "data.id: maxLength was 20 and is 10",
    ),
    "a number gets a new lower bound": (
        changed(size={"type": "integer", "minimum": 1}),
        "data.size: minimum was 0 and is 1",
    ),
    "a pattern appears": (
        changed(note={"type": "string", "pattern": "^x"}),
        "data.note: pattern was free and is ^x",
    ),
    "a field inside is removed": (
        defining("Place", {"type": "object", "properties": {}}),
        "data.place.town was removed",
    ),
    "items of a list change": (
        changed(tags={"type": "array", "items": {"type": "integer"}}),
        "data.tags[] was string and is integer",
    ),
    "unknown fields are no longer taken": (
        OLD | {"additionalProperties": False},
        "data no longer takes unknown fields",
    ),
}

COMPATIBLE: dict[str, dict[str, Any]] = {
    "nothing": OLD,
    "a new optional field": changed(colour={"type": "string", "default": ""}),
    "a new enum value": defining("Kind", {"type": "string", "enum": ["wish", "project", "idea"]}),
    "a longer text": changed(id={"type": "string", "maxLength": 40}),
    "a number where an integer was": changed(size={"type": "number", "minimum": 0}),
    "null taken too": changed(note={"anyOf": [{"type": "string"}, {"type": "null"}]}),
    "another description": changed(note={"type": "string", "description": "in other words"}),
    "a definition renamed": OLD
    | {
        "properties": OLD["properties"] | {"kind": {"$ref": "#/$defs/Sort"}},
        "$defs": OLD["$defs"] | {"Sort": OLD["$defs"]["Kind"]},
    },
}


@pytest.mark.parametrize("what", BREAKING)
def test_change_that_breaks_somebody_is_named(what: str) -> None:
    new, sentence = BREAKING[what]
    assert find_incompatibilities(OLD, new) == [sentence]


@pytest.mark.parametrize("what", COMPATIBLE)
def test_change_that_breaks_nobody_passes(what: str) -> None:
    assert find_incompatibilities(OLD, COMPATIBLE[what]) == []


def test_every_problem_is_told_at_once() -> None:
    found = find_incompatibilities(OLD, {"type": "object", "properties": {}, "required": ["x"]})
    assert len(found) == len(OLD["properties"]) + 1


def test_one_of_several_shapes_may_not_go() -> None:
    one, two = ({"type": "object", "properties": {n: {"type": "string"}}} for n in ("a", "b"))
    assert find_incompatibilities({"oneOf": [one, two]}, {"oneOf": [one, two]}) == []
    assert find_incompatibilities({"oneOf": [one, two]}, {"oneOf": [one]}) == ["data.b was removed"]
