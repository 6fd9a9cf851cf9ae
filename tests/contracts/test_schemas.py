"""The exported schemas: what is committed is what the code means, and never breaks a reader."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from pydantic import ValidationError

from shared.contracts import export, ledger
from shared.contracts.envelope import Fact
from shared.contracts.events import BY_TYPE, FACTS, MatchProposed, RequestSubmitted
from shared.contracts.topics import BY_NAME
from tests.contracts.facts import facts, matching_schema
from tests.support.examples import count_examples

ADVICE = f"run `python -m shared.contracts.export` and commit the files. {export.ADVICE}"


def test_published_versions_are_not_changed_incompatibly() -> None:
    refused = export.find_breaking_changes(export.load_published(), export.build_schemas())
    assert not refused, str(export.Incompatible(refused))


def test_exported_schemas_are_those_of_the_code() -> None:
    now = export.build_schemas()
    stale = [name for name, schema in now.items() if export.load_published().get(name) != schema]
    assert not stale, f"{stale} not exported: {ADVICE}"


def test_files_are_written_as_the_exporter_writes_them(tmp_path: Path) -> None:
    for name in export.export(tmp_path):
        written = (tmp_path / f"{name}.json").read_bytes()
        assert written == (export.SCHEMAS / f"{name}.json").read_bytes(), f"{name}: {ADVICE}"


def test_exporting_again_changes_nothing(tmp_path: Path) -> None:
    assert set(export.export(tmp_path)) == {*BY_TYPE, ledger.SCHEMA}
    assert export.export(tmp_path) == []


def test_exporter_refuses_what_breaks_a_reader_and_writes_nothing(tmp_path: Path) -> None:
    export.export(tmp_path)
    file = tmp_path / f"{MatchProposed.TYPE}.json"
    older = json.loads(file.read_text())
    older["properties"]["colour"] = {"type": "string"}
    file.write_text(json.dumps(older))
    with pytest.raises(export.Incompatible) as refused:
        export.export(tmp_path)
    assert f"{MatchProposed.TYPE}: data.colour was removed" in str(refused.value)
    assert "publish a new one" in str(refused.value)
    assert json.loads(file.read_text()) == older


def test_type_that_disappears_or_moves_to_another_topic_is_refused() -> None:
    now = export.build_schemas()
    name = MatchProposed.TYPE
    assert export.find_breaking_changes(now, {k: v for k, v in now.items() if k != name}) == {
        name: ["it was removed"]
    }
    moved = now | {name: now[name] | {"x-topic": "guanjia.elsewhere"}}
    [found] = export.find_breaking_changes(now, moved)[name]
    assert "guanjia.elsewhere" in found


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.TYPE)
def test_every_schema_is_valid_and_says_what_it_is(fact: type[Fact]) -> None:
    schema = export.load_published()[fact.TYPE]
    Draft202012Validator(schema)
    assert schema["$id"] == f"urn:guanjia:schema:{fact.TYPE}"
    assert schema["x-topic"] == fact.TOPIC
    assert fact.TYPE.rsplit(".", 1)[1].startswith("v")


def test_every_event_has_a_type_of_its_own_and_a_topic() -> None:
    assert len(BY_TYPE) == len(FACTS)
    assert all(fact.TOPIC in BY_NAME for fact in FACTS)


@settings(max_examples=count_examples(33, 100), deadline=None)
@given(fact=facts())
def test_what_we_write_is_valid_by_the_published_schema(fact: Fact) -> None:
    validator = Draft202012Validator(export.load_published()[fact.TYPE])
    validator.validate(fact.model_dump(mode="json", exclude_none=True))


@settings(max_examples=count_examples(33, 100), deadline=None)
@given(chosen=st.sampled_from(FACTS).flatmap(lambda f: st.tuples(st.just(f), matching_schema(f))))
def test_what_the_published_schema_allows_is_understood(
    chosen: tuple[type[Fact], dict[str, Any]],
) -> None:
    fact, data = chosen
    Draft202012Validator(export.load_published()[fact.TYPE]).validate(data)
    fact.model_validate(data)


def test_unknown_fields_are_refused_from_outside_and_free_in_our_own_events() -> None:
    """A wrong name in a village's message is told; our own events may gain fields while an older
    reader still runs."""
    published = export.load_published()
    assert published[RequestSubmitted.TYPE]["additionalProperties"] is False
    assert "additionalProperties" not in json.dumps(published[MatchProposed.TYPE])
    with pytest.raises(ValidationError):
        RequestSubmitted.model_validate({"surprise": 1})
