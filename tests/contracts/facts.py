"""Any fact of the house, made from its own JSON Schema."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from hypothesis import Phase, find, settings
from hypothesis import strategies as st

from shared.contracts.envelope import Fact
from shared.contracts.events import FACTS
from shared.text import fold_text

Schema = dict[str, Any]

TEXT = st.characters(exclude_categories=["Cs"])
ASCII = st.characters(codec="ascii", exclude_characters="\n")
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(8999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zoned by Hypothesis
INTEGER_MAX = 2**53 - 1


def facts() -> st.SearchStrategy[Fact]:
    return st.sampled_from(FACTS).flatmap(
        lambda fact: matching_schema(fact).map(fact.model_validate)
    )


def matching_schema(fact: type[Fact]) -> st.SearchStrategy[Schema]:
    """JSON-able data for this type."""
    schema = fact.model_json_schema()
    strategy: st.SearchStrategy[Schema] = _from(schema, schema.get("$defs", {}))
    return strategy


def _from(schema: Schema, known: Schema) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _from(known[schema["$ref"].rsplit("/", 1)[1]], known)
    if "anyOf" in schema:
        return st.one_of(*(_from(one, known) for one in schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    match schema["type"]:
        case "object":
            return _objects(schema, known)
        case "array":
            least = schema.get("minItems", 0)
            return st.lists(_from(schema["items"], known), min_size=least, max_size=least + 3)
        case "integer":
            lowest = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
            return st.integers(lowest, schema.get("maximum", INTEGER_MAX))
        case "boolean":
            return st.booleans()
        case "string":
            return _strings(schema)
    return st.none()


def _objects(schema: Schema, known: Schema) -> st.SearchStrategy[Schema]:
    fields = {name: _from(one, known) for name, one in schema.get("properties", {}).items()}
    required = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: one for name, one in fields.items() if name in required},
        optional={name: one for name, one in fields.items() if name not in required},
    )


def _strings(schema: Schema) -> st.SearchStrategy[str]:
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength", 50)
    if schema.get("format") == "date-time":
        return MOMENTS.map(lambda at: at.isoformat())
    if schema.get("format") == "date":
        return MOMENTS.map(lambda at: at.date().isoformat())
    if "pattern" in schema:
        found = st.from_regex(schema["pattern"], fullmatch=True, alphabet=ASCII)
        return found.filter(lambda text: shortest <= len(text) <= schema.get("maxLength", 10**6))
    texts = st.text(TEXT, min_size=shortest, max_size=min(longest, 50))
    return texts.filter(lambda text: shortest <= len(fold_text(text)) <= longest)


@cache
def example(fact: type[Fact]) -> Fact:
    """Always the same one."""
    quick = settings(
        max_examples=10, phases=[Phase.generate], database=None, derandomize=True, deadline=None
    )
    return fact.model_validate(find(matching_schema(fact), lambda _: True, settings=quick))
