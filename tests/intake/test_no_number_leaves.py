"""No phone and no ID number leaves intake, whatever field it is written into and however."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from services.intake.approvals.meetings import describe_ruling
from services.intake.model import Person
from services.intake.model.meeting import RuleOnCase, Ruling
from services.intake.model.regular import RegisterWork
from services.intake.vault.needs import prepare_note
from services.intake.views import describe_unknown_items
from shared.contracts.events import RequestSubmitted
from shared.errors import Invalid
from shared.messaging.decision import Command
from shared.personal import has_number
from shared.text import fold_text
from shared.validation import describe_validation
from tests.intake.builders import (
    CHASHAN,
    COMMANDS,
    NOW,
    VAULT,
    DecisionHarness,
    make_command,
    make_submission,
)
from tests.support.answers import code
from tests.support.examples import count_examples

MOBILE, IDENTITY = "13788000999", "441900199001011230"
WRITINGS = (
    *(MOBILE, "137 8800 0999", "137-8800-0999", "１３７８８０００９９９", "+8613788000999"),
    *("一三七八八零零零九九九", "137oo88ooo999", "137。8800。0999", "(137)8800 0999"),
    *(
        IDENTITY,
        "44190019900101123X",
        "441900 19900101 1230",
        "４４１９００１９９００１０１１２３０",
    ),
)
WORDS = ("", "棉被", "轮椅", "司徒家", "请打", "，谢谢", "2床")
numbered = st.builds(
    "{}{}{}".format, st.sampled_from(WORDS), st.sampled_from(WRITINGS), st.sampled_from(WORDS)
)
EXAMPLES = settings(max_examples=count_examples(60, 2000), deadline=None)


def list_texts(value: Any) -> Iterator[str]:
    """Every text in it, but for what is sealed and for ids of our own making."""
    if isinstance(value, BaseModel):
        value = value.model_dump()
    elif hasattr(value, "__dataclass_fields__"):
        value = asdict(value)
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from list_texts(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from list_texts(each)


def is_written(text: str, where: Any) -> bool:
    """Whether the text as it is, or its figures without what stands between them, are there."""
    words = [fold_text(each) for each in list_texts(where)]
    figures = ["".join(filter(str.isdigit, each)) for each in words]
    wanted = "".join(filter(str.isdigit, fold_text(text)))
    return any(fold_text(text) in each for each in words) or any(
        len(wanted) >= 11 and wanted in each for each in figures
    )


def write_into(fields: dict[str, Any], path: str, text: str) -> dict[str, Any]:
    outer, _, inner = path.partition(".")
    return fields | {outer: {**fields[outer], inner: text} if inner else text}


def make_fields() -> dict[str, Any]:
    need = {"unit": "床", "quantity": 2, "item": "棉被"}
    return make_submission(need=need).model_dump(mode="json", exclude_none=True)


FIELDS = (
    *("need.item", "need.unit", "applicant.name", "applicant.household", "text", "collector_id"),
    *("category", "area.town_code", "applicant.contact_of", "applicant.wechat_openid"),
)


@EXAMPLES
@given(field=st.sampled_from(FIELDS), written=numbered)
def test_what_a_request_says_leaves_and_is_stored_without_it(field: str, written: str) -> None:
    """Or it is refused, with words that do not repeat it."""
    leaves = list_what_leaves(write_into(make_fields(), field, written))
    assert leaves
    assert not is_written(written, leaves)


def list_what_leaves(fields: dict[str, Any]) -> list[Any]:
    """Facts, states and answer of what is decided; else its problems, as feedback names them."""
    try:
        decision = DecisionHarness().submit(RequestSubmitted.model_validate(fields))
    except ValidationError as error:
        return [each.as_dict() for each in describe_validation(error)]
    except Invalid as invalid:
        return [problem.hide_values().as_dict() for problem in invalid.problems]
    return [*(fact for _, fact in decision.events), *decision.states, decision.answer]


@EXAMPLES
@given(name=numbered)
def test_a_field_that_is_called_so_is_not_named(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        RequestSubmitted.model_validate(make_fields() | {name: "1"})
    problems = [problem.as_dict() for problem in describe_validation(caught.value)]
    assert problems
    assert not is_written(name, problems)


def list_noted() -> list[type]:
    return sorted(
        (type_ for type_ in COMMANDS if "note" in getattr(type_, "model_fields", {})),
        key=lambda type_: type_.__name__,
    )


def make_noted(type_: Any, note: str) -> Any:
    """Of any of them, with nothing else said."""
    return type_.model_construct(request_id="R-1", note=note, sealed_note=None)


def test_the_noted_commands_are_all_handled() -> None:
    names = {type_.__name__ for type_ in list_noted()}
    assert {"ReturnRequest", "MendRequest", "RuleOnCase", "ReportEnding", "TakeBudget"} <= names
    assert len(names) >= 10


@pytest.mark.parametrize("type_", list_noted())
@EXAMPLES
@given(note=numbered)
def test_a_note_is_sealed_before_anything_is_decided(type_: type, note: str) -> None:
    data: Any = make_noted(type_, note)
    prepare = COMMANDS[type_].prepare
    assert prepare is not None
    prepared: Command[Any] = prepare(make_command(data))
    assert prepared.data.sealed_note is not None
    assert not is_written(note, prepared.data)


@EXAMPLES
@given(note=numbered)
def test_members_of_a_meeting_read_its_minutes_without_it(note: str) -> None:
    sealed = prepare_note(VAULT, make_command(make_noted(RuleOnCase, note))).data.sealed_note
    assert sealed is not None
    person = Person(id="P-1", keys={sealed.record: sealed.key})
    ruling = Ruling(
        verdict="adjourn", by="clerk", at=NOW, note_record=sealed.record, note=sealed.cipher
    )
    row = describe_ruling(ruling, VAULT, person)
    assert row is not None
    assert row.note
    assert not has_number(row.note)


@EXAMPLES
@given(written=numbered)
def test_who_keeps_the_catalogue_reads_the_item_without_it(written: str) -> None:
    harness = DecisionHarness()
    item = f"香云纱{written}"
    fields = write_into(make_fields(), "need.item", item)
    try:
        harness.submit(RequestSubmitted.model_validate(fields))
    except Invalid:
        return
    requests = harness.requests()
    persons = {each.person_id: harness.person(each.person_id) for each in requests}
    rows = describe_unknown_items(VAULT, requests, persons)
    assert not any(has_number(str(row["written"])) for row in rows)


@EXAMPLES
@given(written=numbered)
def test_regular_work_is_not_called_by_it(written: str) -> None:
    place = {"kind": "after_school", "area": {"town_code": CHASHAN}, "title": written, "by": "s"}
    plan = {"kind": "plan", "area": {"town_code": CHASHAN}, "person_id": "P-1", "by": "s"}
    service = {"item": written, "unit": "份", "total": 10}
    for fields in (place, plan | {"service": service}):
        command = make_command(RegisterWork.model_validate(fields))
        decision = DecisionHarness().handle(COMMANDS[RegisterWork], command)
        assert code(decision.answer) in ("title_numbered", "item_with_number")
        assert not is_written(written, [decision.answer])
