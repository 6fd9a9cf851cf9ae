"""What the last release can read of what today's services write, where both run for a while.

A field that it does not know it ignores, and leaves (decisions 0182, 0468). A value of an
enumeration that it does not know it cannot read: a document stops it, an event becomes a dead
letter there until it is replayed. So today's values are those of the last release, but for the ones
that nothing writes before all instances are of today's.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.chaos.older import OlderMissingError, unpack_older

ROOT = Path(__file__).parents[2]
# Prints the schema of each stored state and each event of the tree that PYTHONPATH names.
PRINT_SCHEMAS = """
import importlib, json
from shared.contracts.events import BY_TYPE
from shared.contracts.topics import SERVICES
from shared.messaging.decision import State

def list_kinds(kind):
    for each in kind.__subclasses__():
        yield each
        yield from list_kinds(each)

for service in SERVICES:
    importlib.import_module(f"services.{service}.main")
kinds = {f"{k.__module__.split('.')[1]} {k.COLLECTION}": k
         for k in list_kinds(State) if hasattr(k, "COLLECTION")} | BY_TYPE
print(json.dumps({name: kind.model_json_schema() for name, kind in kinds.items()}))
"""
DEPTH_MAX = 6
WRITTEN_LATER: frozenset[str] = frozenset()
"""New values, as this test names them, that wait until every instance knows them."""
NEW_EVENTS: frozenset[str] = frozenset()
"""Whoever upgrades replays their dead letters of `type_unknown` (docs/runbooks/upgrade.md)."""


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of the last release, and of today."""
    try:
        older = unpack_older(tmp_path_factory.mktemp("release") / "older")
    except OlderMissingError as missing:
        pytest.skip(str(missing))
    return read_schemas(older), read_schemas(ROOT)


def read_schemas(tree: Path) -> dict[str, Any]:
    command = (sys.executable, "-P", "-c", PRINT_SCHEMAS)
    env = {**os.environ, "PYTHONPATH": str(tree)}
    printed = subprocess.run(command, env=env, cwd=tree, capture_output=True, check=True).stdout
    schemas = json.loads(printed)
    assert isinstance(schemas, dict)
    return schemas


def list_values(schema: Mapping[str, Any], name: str) -> Iterator[str]:
    """`kind field.field value` for each value of each enumeration, constants included."""
    seen: set[str] = set()

    def walk(node: Any, path: str) -> Iterator[str]:
        if isinstance(node, list):
            for each in node:
                yield from walk(each, path)
        if not isinstance(node, dict):
            return
        if (reference := node.get("$ref")) and (key := f"{path} {reference}") not in seen:
            seen.add(key)
            yield from walk(schema["$defs"][reference.rpartition("/")[2]], path)
        for value in (*node.get("enum", ()), *([node["const"]] if "const" in node else ())):
            yield f"{name} {path} {value}"
        for field, each in node.get("properties", {}).items():
            if path.count(".") < DEPTH_MAX:
                yield from walk(each, f"{path}.{field}".lstrip("."))
        for word in ("anyOf", "oneOf", "allOf", "items", "prefixItems", "additionalProperties"):
            yield from walk(node.get(word), path)

    return walk(schema, "")


def list_new_values(older: dict[str, Any], today: dict[str, Any]) -> set[str]:
    """Of fields that the release before has too: what it lacks as a whole, it does not read."""
    found = set()
    for name in older.keys() & today.keys():
        known = set(list_values(older[name], name))
        fields = {value.rpartition(" ")[0] for value in known}
        new = set(list_values(today[name], name)) - known
        found |= {value for value in new if value.rpartition(" ")[0] in fields}
    return found


@pytest.mark.long
def test_the_last_release_reads_every_value_that_today_may_write(
    schemas: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    older, today = schemas
    assert len(older.keys() & today.keys()) > 100
    assert list_new_values(older, today) == WRITTEN_LATER


@pytest.mark.long
def test_every_event_of_today_that_the_last_release_does_not_know_is_listed(
    schemas: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    """An unknown one becomes a dead letter at an instance of it."""
    older, today = schemas
    assert {name for name in today.keys() - older.keys() if name.endswith(".v1")} == NEW_EVENTS


def test_a_new_value_is_found_where_the_field_is_old() -> None:
    def build(*states: str) -> dict[str, Any]:
        return {
            "properties": {"case": {"$ref": "#/$defs/Case"}},
            "$defs": {"Case": {"properties": {"state": {"enum": list(states)}}}},
        }

    assert list_new_values({"a": build("open")}, {"a": build("open", "lost"), "b": build("x")}) == {
        "a case.state lost"
    }
    assert list_new_values({"a": {"properties": {}}}, {"a": build("open")}) == set()
