"""A statutory policy first, the public budget, and other means with proof."""

from datetime import date
from typing import Any

import pytest

from services.intake.clocks.rules import find_stage
from services.intake.model import RequestState, WithdrawRequest
from services.intake.model.approval import (
    JudgeEnding,
    RecordReferralAnswer,
    ReferRequest,
    ReportEnding,
    StopBudget,
    TakeBudget,
)
from services.intake.pages.applicant import describe_next
from services.intake.pages.case_forms import find_endings
from services.intake.vault.needs import prepare_note
from shared.contracts.events import RequestReferred, RequestSettled
from shared.contracts.values import BeneficiaryClass, Category
from shared.errors import Invalid
from shared.policies import load_policies, read_policies
from tests.intake.builders import (
    COMMANDS,
    VAULT,
    DecisionHarness,
    get_body,
    list_facts,
    make_command,
    make_submission,
)

LEVELS = ("village", "town", "city")


class Case:
    def __init__(self, **changed: Any) -> None:
        self.harness = DecisionHarness()
        wanted = {"need": {"unit": "fen", "quantity": 300_000}, "category": "medical", **changed}
        decision = self.harness.submit(make_submission(**wanted))
        self.id = get_body(decision)["request_id"]

    @property
    def request(self) -> Any:
        return self.harness.request(self.id)

    def do(self, type_: Any, **changed: Any) -> Any:
        fields: dict[str, Any] = {"request_id": self.id, "by": "a"}
        fields |= {"levels": LEVELS} if "levels" in type_.model_fields else {}
        data = type_.model_validate(fields | changed)
        prepared = prepare_note(VAULT, make_command(data))
        return self.harness.handle(COMMANDS[type_], prepared)

    def refer(self, **changed: Any) -> Any:
        return self.do(ReferRequest, **{"policy": "medical_aid", **changed})

    def answer(self, outcome: str, **changed: Any) -> Any:
        return self.do(RecordReferralAnswer, outcome=outcome, **changed)


def make_project() -> Case:
    return Case(kind="project", category="public_works", text="村口路灯坏了")


def code(decision: Any) -> str:
    return str(get_body(decision)["problems"][0]["code"])


def test_the_table_names_what_a_class_has_a_right_to() -> None:
    rows = load_policies().suggest(BeneficiaryClass.SUBSISTENCE, Category.MEDICAL)
    assert "medical_aid" in {row.code for row in rows}
    assert load_policies().suggest(BeneficiaryClass.GENERAL, Category.PUBLIC_WORKS) == ()


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("Aid,政策,x,低保,助学,民政,y,5,", "代码只能用小写字母"),
        ("aid,政策,x,穷人,助学,民政,y,5,", "没有“穷人”这一类"),
        ("aid,政策,x,低保,助学,民政,y,0,", "1到120"),
        ("aid,政策,x,低保,助学,民政,y,5,\naid,政策,x,低保,助学,民政,y,5,", "出现了两次"),
    ],
)
def test_a_wrong_table_says_what_is_wrong(row: str, wrong: str) -> None:
    head = "代码,政策,英文,困难类别,诉求类别,受理部门,部门英文,答复工作日,说明\n"
    with pytest.raises(Invalid) as refused:
        read_policies((head + row + "\n").encode())
    assert any(wrong in problem.zh for problem in refused.value.problems)


def test_a_referral_says_to_whom_and_by_when_and_the_person_reads_it() -> None:
    case = Case()
    ((_, fact),) = case.refer(note="已电话联系").events
    assert isinstance(fact, RequestReferred)
    assert (fact.policy, fact.department) == ("medical_aid", "医疗保障分局")
    # 15 working days, with the New Year of 2022 between.
    assert (fact.answer_on, fact.detail) == ("2022-02-15", "2月15日")
    assert (case.request.state, find_stage(case.request)) == (RequestState.REFERRED, "referred")
    zh, _ = describe_next(case.request, 5)
    assert "医疗保障分局" in zh
    assert "2022年2月15日" in zh


def test_what_was_granted_ends_with_proof_and_what_was_not_goes_on() -> None:
    case = Case()
    case.refer()
    paper = {"note": "穗医保〔2022〕3号，已拨付"}
    assert code(case.answer("granted", **paper)) == "answer_own", "nobody ends a case alone"
    assert [find_endings(case.request, by, is_of_level=True)["grant"] for by in "ab"] == [0, 1]
    assert code(case.answer("granted", by="b")) == "proof_missing"
    ((_, fact),) = case.answer("granted", by="b", **paper).events
    assert isinstance(fact, RequestSettled)
    assert (case.request.ending.by, case.request.ending.confirmed_by) == ("a", "b")
    assert (fact.way, case.request.state) == ("policy", RequestState.CLOSED)
    assert case.harness.person(case.request.person_id).unfinished == {}

    case = Case()
    case.refer()
    assert code(case.answer("partly", quantity=300_000)) == "remainder_wrong"
    assert list_facts(case.answer("partly", quantity=10_000)) == ["RequestMended"]
    assert case.request.need.quantity == 10_000
    assert (case.request.state, case.request.approval_level) == (RequestState.RECORDED, "village")
    assert "policy_answered" in case.request.waits_for, "it opens for nobody by itself"


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"policy": "none_such"}, "policy_unknown"),
        ({"answer_on": date(2022, 1, 20)}, "answer_day_wrong"),
        ({"answer_on": date(2024, 1, 20)}, "answer_day_wrong"),
        ({"levels": ("village",)}, "level_too_low"),
        ({"area": "441900104"}, "request_unknown"),
    ],
)
def test_what_is_no_referral_is_refused(changed: dict[str, Any], wrong: str) -> None:
    assert code(Case().refer(**changed)) == wrong


def test_a_referred_request_is_withdrawn_as_any_other() -> None:
    case = Case()
    case.refer()
    assert code(case.refer()) == "state_unsuitable"
    decision = case.harness.handle(
        COMMANDS[WithdrawRequest], make_command(WithdrawRequest(request_id=case.id))
    )
    assert list_facts(decision) == ["RequestWithdrawn"]


def test_a_public_work_is_done_from_the_budget_when_two_people_say_so() -> None:
    case = make_project()
    assert list_facts(case.do(TakeBudget, reference="茶财〔2022〕7号")) == ["RequestBudgeted"]
    assert find_stage(case.request) == "budget"
    shown = case.request.model_copy(update={"attachments": ("F-1", "F-2")})
    case.harness = DecisionHarness(shown, case.harness.person(shown.person_id))
    pictures = {"before_ids": ("F-1",), "after_ids": ("F-2",)}
    report = {"way": "budget", "by": "lin", **pictures}
    assert code(case.do(ReportEnding, **report)) == "proof_missing"
    none = case.do(ReportEnding, **report | {"after_ids": ()}, note="已装")
    foreign = case.do(ReportEnding, **report | {"after_ids": ("F-9",)}, note="已装")
    assert (code(none), code(foreign)) == ("picture_missing", "picture_missing")
    assert list_facts(case.do(ReportEnding, **report, note="已装6盏，村委验收")) == []
    assert case.request.state is RequestState.BUDGETED, "one person's word ends nothing"
    assert code(case.do(JudgeEnding, by="lin", is_right=True)) == "ending_own"
    assert list_facts(case.do(JudgeEnding, is_right=False)) == []
    assert case.request.ending is None
    case.do(ReportEnding, **report, note="已补装")
    ((_, fact),) = case.do(JudgeEnding, is_right=True).events
    assert (fact.way, case.request.state) == ("budget", RequestState.CLOSED)
    ending = case.harness.request(case.id).ending
    assert ending is not None
    assert (ending.after_ids, ending.confirmed_by) == (("F-2",), "a")


@pytest.mark.parametrize("reference", ["13788000999", "茶财7号 经办 137 8800 0999"])
def test_a_documents_number_is_nobodys_phone(reference: str) -> None:
    case = Case(kind="project", category="public_works", text="村口装路灯")
    assert code(case.do(TakeBudget, reference=reference)) == "reference_personal"
    case.do(TakeBudget, reference="茶财〔2022〕7号")
    report = {"way": "other", "reference": reference, "note": "已办"}
    assert code(Case().do(ReportEnding, **report)) == "reference_personal"


def test_what_the_budget_does_not_pay_after_all_waits_again_and_is_told() -> None:
    case = make_project()
    assert code(case.do(StopBudget, reason="plan_changed")) == "state_unsuitable"
    case.do(TakeBudget, reference="茶财〔2022〕7号")
    level = case.request.approval_level
    assert code(case.do(StopBudget, reason="plan_changed", levels=())) == "level_too_low"
    assert code(case.do(StopBudget, reason="plan_changed", area="441900104")) == "request_unknown"
    ((_, fact),) = case.do(StopBudget, reason="plan_changed", note="规划调整").events
    assert (fact.reason, fact.approval_level) == ("plan_changed", level)
    stopped = case.request
    assert (stopped.state, stopped.budget_reference) == (RequestState.RECORDED, "")
    assert find_stage(stopped) == "recorded", "the clock of an approval begins"
    assert [step.act for step in stopped.steps] == ["budgeted", "budget_stopped"]
    assert list_facts(case.do(TakeBudget, reference="茶财〔2022〕9号")) == ["RequestBudgeted"]


def test_the_budget_pays_no_wish_and_not_for_who_recorded_it() -> None:
    assert code(Case().do(TakeBudget, reference="x")) == "project_alone"
    case = make_project()
    own = case.request.model_copy(update={"recorded_by": "a"})
    case.harness = DecisionHarness(own, case.harness.person(own.person_id))
    assert code(case.do(TakeBudget, reference="x")) == "recorder_same"


def test_what_was_solved_otherwise_is_closed_with_proof_by_a_second_person() -> None:
    case = Case()
    report = {"way": "other", "by": "lin", "note": "邻居已送轮椅，照片在村委"}
    assert list_facts(case.do(ReportEnding, **report)) == []
    read = case.request.digest
    case.do(ReportEnding, **report | {"reference": "另一份"})
    assert code(case.do(JudgeEnding, is_right=True, digest=read)) == "case_changed"
    ((_, fact),) = case.do(JudgeEnding, is_right=True, digest=case.request.digest).events
    assert (fact.way, case.request.state) == ("other", RequestState.CLOSED)
    assert code(case.do(JudgeEnding, is_right=True)) == "state_unsuitable"
    assert code(Case().do(JudgeEnding, is_right=True)) == "ending_missing"
