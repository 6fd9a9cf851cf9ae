"""A note on a case beside no step: who writes one, who reads it, and when it goes."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.approvals.notes import list_case_notes, list_notes
from services.intake.decide.case_notes import NOTES_MAX
from services.intake.history import list_own
from services.intake.model import ErasePerson, Request, RequestState, WithdrawRequest
from services.intake.model.approval import NOTE_MAX, AddCaseNote, ReturnRequest
from services.intake.vault.needs import prepare_addition
from shared.contracts.events import RequestMended
from tests.intake.builders import (
    COMMANDS,
    NOW,
    VAULT,
    DecisionHarness,
    get_body,
    make_command,
    make_submission,
)
from tests.support.answers import code


class Case:
    def __init__(self) -> None:
        self.harness = DecisionHarness()
        decision = self.harness.submit(make_submission(need={"unit": "fen", "quantity": 300_000}))
        self.id = get_body(decision)["request_id"]

    @property
    def request(self) -> Request:
        return self.harness.request(self.id)

    def write(self, note: str, area: str = "441900") -> Any:
        data = AddCaseNote(request_id=self.id, area=area, by="lin", note=note)
        return self.harness.handle(
            COMMANDS[AddCaseNote], prepare_addition(VAULT, make_command(data))
        )

    def read(self) -> list[tuple[str, str]]:
        person = self.harness.person(self.request.person_id)
        return [(note.by, note.text) for note in list_case_notes(VAULT, person, self.request)]

    def handle(self, data: Any) -> Any:
        return self.harness.handle(COMMANDS[type(data)], make_command(data))


def test_a_note_is_sealed_says_by_whom_and_when_and_changes_nothing_else() -> None:
    case = Case()
    before = case.request
    decision = case.write("张三的儿子周末在家")
    assert decision.answer.status == 200
    assert decision.events == (), "it never leaves intake"
    assert "儿子" not in repr(decision) + repr([s.model_dump() for s in decision.states])
    case.write("已约周六上门")
    assert case.read() == [("lin", "张三的儿子周末在家"), ("lin", "已约周六上门")]
    assert [note.at for note in case.request.case_notes] == [NOW, NOW]
    assert case.request.digest == before.digest, "who approves meanwhile has read the same case"
    assert case.request.model_copy(update={"case_notes": ()}) == before


def test_notes_are_in_no_other_list_than_that_of_the_case_page() -> None:
    """Members of a joint meeting, the operator's page and other services have lists of theirs."""
    case = Case()
    case.write("儿子周末在家")
    person = case.harness.person(case.request.person_id)
    assert list_notes(VAULT, person, case.request) == []
    assert "儿子" not in repr([part.model_dump() for part in list_own(case.request)])


def test_a_case_that_is_over_takes_notes_until_its_person_is_erased() -> None:
    case = Case()
    case.handle(WithdrawRequest(request_id=case.id))
    assert case.request.state is RequestState.WITHDRAWN
    case.write("本人来电致谢")
    assert case.read() == [("lin", "本人来电致谢")]
    case.handle(ErasePerson(person_id=case.request.person_id))
    assert case.read() == []
    assert code(case.write("又来电").answer) == "note_person_gone"


def test_nobody_of_another_area_writes_one() -> None:
    case = Case()
    assert code(case.write("看看", area="441900104").answer) == "request_unknown"
    assert case.request.case_notes == ()


def test_a_note_says_something_and_is_no_book_and_a_case_takes_so_many() -> None:
    case = Case()
    assert code(case.write("").answer) == "note_empty"
    with pytest.raises(ValidationError):
        case.write("长" * (NOTE_MAX + 1))
    for number in range(NOTES_MAX):
        case.write(f"第{number}条")
    assert code(case.write("再一条").answer) == "notes_too_many"
    assert len(case.read()) == NOTES_MAX


def test_a_request_of_before_notes_is_read_with_none() -> None:
    stored = Case().request.model_dump(exclude={"case_notes", "ending_of_id", "tasks_end_at"})
    assert Request.model_validate(stored).case_notes == ()


def test_a_note_of_danger_on_a_returned_case_calls_the_office_at_once() -> None:
    """It waited for a paper: nobody else would have looked at it for days."""
    case = Case()
    returned = ReturnRequest(
        request_id=case.id, levels=("town",), approver_id="approver", reason="proof_missing"
    )
    case.handle(returned)
    assert case.request.state is RequestState.RETURNED
    assert case.write("儿子周末在家").events == ()
    assert case.request.state is RequestState.RETURNED
    ((_, fact),) = case.write("邻居说他不想活了").events
    assert isinstance(fact, RequestMended)
    assert fact.danger is True
    request = case.request
    assert (request.state, request.urgent, request.danger) == (RequestState.RECORDED, True, True)
    assert "was_returned" in request.waits_for
    assert "lin" not in request.recorders, "whoever noted it may decide it"
    assert [text for _, text in case.read()] == ["儿子周末在家", "邻居说他不想活了"]
    assert any(part.zh.startswith("加急办理（应急或险情）") for part in list_own(request))


def test_a_note_of_danger_on_another_case_changes_no_state() -> None:
    case = Case()
    assert case.write("邻居说他不想活了").events == ()
    assert not case.request.danger
