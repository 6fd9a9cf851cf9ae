"""Golden events: the bytes of one event or two of every type, as a release wrote them.

`python -m tests.contracts.golden 2026-12-24` adds to that release's file what no file holds yet.
A line is never changed: somebody's topic holds such bytes, and every later release reads them.
"""

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

from hypothesis import Phase, find, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.contracts.envelope import Fact, build_cloud_event, build_foreign_event
from shared.contracts.events import FACTS
from shared.contracts.topics import BY_NAME
from shared.messaging.encoding import encode
from tests.contracts.facts import ASCII

RELEASES = Path(__file__).with_name("releases")
AT = datetime(2026, 1, 15, 8, tzinfo=UTC)
WORDS = "示例"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
REPEATABLE = settings(
    phases=[Phase.generate, Phase.shrink], database=None, derandomize=True, deadline=None
)
# What a pattern of ours may mean; the first that fits is taken.
PLAIN = ("A-1", "1", "441900104", "+8615400000001", "2026", "a" * 64, "/channels/village")
Schema = dict[str, Any]


def read_release(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines()


def list_releases() -> list[Path]:
    return sorted(RELEASES.glob("*.jsonl"))


def write_release(name: str) -> int:
    """Appends the events that no release has as today's code writes them; how many."""
    there = {line for file in list_releases() for line in read_release(file)}
    lines = [line for fact in FACTS for line in build_lines(fact) if line not in there]
    with (RELEASES / f"{name}.jsonl").open("ab") as file:
        file.writelines(line + b"\n" for line in lines)
    return len(lines)


def build_lines(fact: type[Fact]) -> Iterator[bytes]:
    """With the fewest fields, and with as many as go together."""
    fewest, most = build_data(fact)
    for number, data in enumerate([fewest] if fewest == most else [fewest, most], 1):
        yield encode(_wrap(fact.model_validate(data), number))


def _wrap(data: Fact, number: int) -> dict[str, Any]:
    if BY_NAME[data.TOPIC].inbound:
        return build_foreign_event(
            source="/channels/village", message_id=f"golden-{number}", time=AT, data=data
        )
    return build_cloud_event(
        source="/intake",
        subject="X-golden",
        sequence=number,
        time=AT,
        data=data,
        correlation_id="C-golden",
        causation_id="/channels/village:golden",
        traceparent=TRACE,
    )


def build_data(fact: type[Fact]) -> tuple[Schema, Schema]:
    schema = fact.model_json_schema()
    made = Maker(schema.get("$defs", {}))
    required = set(schema.get("required", ()))
    fields = {name: made.make(one) for name, one in schema.get("properties", {}).items()}
    fewest = {name: value for name, value in fields.items() if name in required}
    rest = [name for name in fields if name not in required]
    candidates = [fewest, *({**fewest, name: fields[name]} for name in rest)]
    candidates += [{**fewest, a: fields[a], b: fields[b]} for a, b in combinations(rest, 2)]
    fewest = next(data for data in candidates if _is_valid(fact, data))
    most = fewest
    for name in rest:
        if _is_valid(fact, more := {**most, name: fields[name]}):
            most = more
    return fewest, most


def _is_valid(fact: type[Fact], data: Schema) -> bool:
    try:
        fact.model_validate(data)
    except ValidationError:
        return False
    return True


class Maker:
    """Plain values by JSON Schema, always the same ones."""

    def __init__(self, known: Schema) -> None:
        self._known = known

    def make(self, schema: Schema) -> Any:
        if "$ref" in schema:
            return self.make(self._known[schema["$ref"].rsplit("/", 1)[1]])
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return self.make(next(one for one in schema[several] if one.get("type") != "null"))
        if "enum" in schema:
            return schema["enum"][0]
        if "const" in schema:
            return schema["const"]
        match schema.get("type"):
            case "object":
                return {name: self.make(one) for name, one in schema.get("properties", {}).items()}
            case "array":
                return [self.make(schema["items"])] * max(1, schema.get("minItems", 0))
            case "integer" | "number":
                return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
            case "boolean":
                return True
        return self._make_text(schema)

    def _make_text(self, schema: Schema) -> str:
        if schema.get("format") == "date-time":
            return AT.isoformat()
        if schema.get("format") == "date":
            return AT.date().isoformat()
        shortest: int = schema.get("minLength", 0)
        longest: int = schema.get("maxLength", 50)
        if pattern := schema.get("pattern"):
            return _match(pattern, shortest, longest)
        return (WORDS * (shortest // len(WORDS) + 1))[: max(shortest, min(longest, len(WORDS)))]


def _match(pattern: str, shortest: int, longest: int) -> str:
    for plain in PLAIN:
        if re.fullmatch(pattern, plain) and shortest <= len(plain) <= longest:
            return plain
    texts = st.from_regex(pattern, fullmatch=True, alphabet=ASCII)
    text: str = find(texts, lambda text: shortest <= len(text) <= longest, settings=REPEATABLE)
    return text


if __name__ == "__main__":
    print(write_release(sys.argv[1]))
