"""Exports every event's JSON Schema: `python -m shared.contracts.export`.

What is exported is published: others write and read by it. So an incompatible change is refused
here and in `tests/contracts`, and the way out is a new version of the type.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.contracts import ledger, topics
from shared.contracts.compatibility import find_incompatibilities
from shared.contracts.envelope import Fact
from shared.contracts.events import FACTS

SCHEMAS = Path(__file__).parent / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

ADVICE = (
    "Leave the published version as it is and publish a new one beside it: a new class with "
    "TYPE ending in .v2 in shared/contracts/events.py, and consumers that understand both."
)


class Incompatible(Exception):  # noqa: N818 - what the change is
    """A published schema would change so that somebody breaks."""

    def __init__(self, changes: Mapping[str, list[str]]) -> None:
        lines = [f"  {name}: {what}" for name, whats in changes.items() for what in whats]
        super().__init__("\n".join(["A published event may not change so:", *lines, ADVICE]))


def build_schemas() -> dict[str, dict[str, object]]:
    """By name: the `data` of every event, and the ledger's entry."""
    return {fact.TYPE: build_fact_schema(fact) for fact in FACTS} | {
        ledger.SCHEMA: _build_document(ledger.SCHEMA, ledger.build_entry_schema())
    }


def build_fact_schema(fact: type[Fact]) -> dict[str, object]:
    """Inbound data is closed: a wrong name is told. Our own is open, so that fields can be added
    while older readers run."""
    schema = fact.model_json_schema()
    if not topics.BY_NAME[fact.TOPIC].inbound:
        schema = _allow_more_fields(schema)
    return _build_document(fact.TYPE, schema) | {"x-topic": fact.TOPIC}


def load_published(directory: Path = SCHEMAS) -> dict[str, dict[str, object]]:
    """What has been exported before."""
    return {file.stem: json.loads(file.read_bytes()) for file in sorted(directory.glob("*.json"))}


def find_breaking_changes(
    old: Mapping[str, Mapping[str, object]], new: Mapping[str, Mapping[str, object]]
) -> dict[str, list[str]]:
    """By name, what breaks. A type that is gone breaks those who still read it."""
    changes = {}
    for name, was in old.items():
        now = new.get(name)
        broken = ["it was removed"] if now is None else _find_broken(was, now)
        if broken:
            changes[name] = broken
    return changes


def export(directory: Path = SCHEMAS) -> list[str]:
    """Writes new and compatibly changed schemas; returns their names. Raises Incompatible."""
    old, new = load_published(directory), build_schemas()
    if refused := find_breaking_changes(old, new):
        raise Incompatible(refused)
    changed = [name for name, schema in new.items() if schema != old.get(name)]
    for name in changed:
        (directory / f"{name}.json").write_text(as_text(new[name]), encoding="utf-8")
    return changed


def as_text(schema: Mapping[str, object]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _find_broken(was: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    moved = was.get("x-topic") != now.get("x-topic")
    where = [f"it moved from topic {was.get('x-topic')} to {now.get('x-topic')}"] if moved else []
    return where + find_incompatibilities(was, now)


def _build_document(name: str, schema: Mapping[str, object]) -> dict[str, object]:
    return {"$schema": DIALECT, "$id": f"urn:guanjia:schema:{name}", **schema}


def _allow_more_fields(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: _allow_more_fields(value)
            for key, value in node.items()
            if not (key == "additionalProperties" and value is False)
        }
    return [_allow_more_fields(item) for item in node] if isinstance(node, list) else node


def main() -> None:
    try:
        changed = export()
    except Incompatible as refused:
        sys.exit(str(refused))
    for name in changed:
        sys.stdout.write(f"{name}.json\n")


if __name__ == "__main__":
    main()
