"""What looks alike is a question to a person, and his answer is taken back without loss."""

from collections import Counter
from typing import Any

from services.intake.decide.requests import make_fact
from services.intake.model import ErasePerson, OpeningTally, Request, RequestState
from services.intake.model.suggestion import (
    DecideSuggestion,
    JoinPersons,
    SeparatePerson,
    SeparateRequest,
    Suggestion,
)
from services.intake.settings import IntakeSettings
from shared.contracts.events import RequestOpened
from shared.messaging.decision import Decision, Ref
from tests.intake.builders import CHASHAN, COMMANDS, PHONE, get_body, list_facts, make_command
from tests.intake.test_decide_identities import (
    ID_NUMBER,
    OTHER_PHONE,
    SMS,
    Office,
)
from tests.notify.decisions import DecisionHarness as NotifyHarness


class Desk(Office):
    """Somebody of the town looks at what looks alike."""

    def list_alike(self, subject: str) -> list[Suggestion]:
        rows = [state for state in self.states.values() if isinstance(state, Suggestion)]
        return [row for row in rows if row.subject == subject]

    def judge(self, row: Suggestion, verdict: str, area: str = CHASHAN) -> Decision:
        data = DecideSuggestion.model_validate(
            {"suggestion_id": row.id, "verdict": verdict, "area": area}
        )
        return self.handle(COMMANDS[DecideSuggestion], make_command(data))

    def find(self, id_: str) -> Suggestion:
        state = self.states[Ref(Suggestion, id_)]
        assert isinstance(state, Suggestion)
        return state


def test_two_at_a_phone_and_two_of_a_name_are_suggested_with_reasons() -> None:
    desk = Desk()
    first = desk.ask("1", name="茶园公司", phone=PHONE)
    second = desk.ask("2", name="茶园有限公司", phone=PHONE)
    third = desk.ask("3", name="茶园公司", phone=OTHER_PHONE)
    pairs = {(s.first_id, s.second_id): s.reasons for s in desk.list_alike("person")}
    assert pairs == {(first, second): ("phone_same",), (first, third): ("name_place_same",)}


def test_a_family_member_and_a_collectors_phone_are_no_question() -> None:
    desk = Desk()
    desk.ask("1", name="张三", phone=PHONE)
    desk.ask("2", name="张小", phone=PHONE, contact_of="family")
    for n in range(5):
        desk.ask(f"c{n}", name=f"老{n}", phone=OTHER_PHONE, contact_of="collector")
    assert desk.list_alike("person") == []


def test_the_same_id_number_with_another_name_is_a_question() -> None:
    desk = Desk()
    first = desk.ask("1", phone=PHONE, id_number=ID_NUMBER)
    second = desk.ask("2", name="李四", phone=OTHER_PHONE, id_number=ID_NUMBER)
    (suggestion,) = desk.list_alike("person")
    assert suggestion.reasons == ("identity_same",)
    assert {suggestion.first_id, suggestion.second_id} == {first, second}


def test_a_repeated_need_is_suggested_and_both_stay_open() -> None:
    desk = Desk()
    desk.ask("1", phone=PHONE)
    desk.ask("2", phone=PHONE, source="/channels/other")
    desk.ask("3", phone=PHONE, need={})
    assert {request.state for request in desk.requests()} == {RequestState.OPEN}
    (suggestion,) = desk.list_alike("request")
    assert suggestion.reasons == ("person_same", "need_same")


def test_a_request_that_was_merged_comes_back_as_it_was() -> None:
    desk = Desk()
    desk.ask("1", phone=PHONE)
    desk.ask("2", phone=PHONE)
    later = desk.request(desk.last["request_id"])
    (row,) = desk.list_alike("request")
    assert (
        desk.judge(row, "merged", area="441900104").answer
        == desk.judge(row.model_copy(update={"id": "S-none"}), "merged").answer
    )
    assert list_facts(desk.judge(row, "merged")) == ["RequestWithdrawn", "RequestFollowed"]
    assert desk.request(later.id).duplicate_of == row.first_id
    assert later.id not in desk.person(later.person_id).unfinished
    assert list_facts(desk.judge(row, "merged")) == [], "said already"
    assert list_facts(desk.judge(desk.find(row.id), "apart")) == [
        "RequestReopened",
        "RequestFollowed",
    ]
    clockless = {"clock": None, "due_at": None}
    again = desk.request(later.id).model_copy(update=clockless)
    assert again == later.model_copy(update=clockless), "what its clock went through is kept"
    assert later.id in desk.person(later.person_id).unfinished


def test_persons_that_were_joined_count_as_one_and_come_apart_as_they_were() -> None:
    desk = Desk()
    rules = IntakeSettings().rules
    ids = [desk.ask(f"{n}", phone=f"+861380013800{n}", need={}) for n in (1, 2)]
    before = [desk.person(id_) for id_ in ids]
    join = JoinPersons(person_id=ids[0], other_id=ids[1])
    assert list_facts(desk.handle(COMMANDS[JoinPersons], make_command(join))) == ["PersonJoined"]
    tally = desk.states[Ref(OpeningTally, f"person:{min(ids)}")]
    assert isinstance(tally, OpeningTally)
    assert [count for count, _ in tally.days.values()] == [2]
    for n in range(rules.person_openings_max - 1):
        desk.ask(f"m{n}", phone=f"+861380013800{n % 2 + 1}")
    assert desk.reasons() == ["person_often"], "two of three were used by the other record"
    apart = make_command(SeparatePerson(person_id=ids[0]))
    assert list_facts(desk.handle(COMMANDS[SeparatePerson], apart)) == ["PersonSeparated"]
    after = [desk.person(id_) for id_ in ids]
    assert [p.points for p in after] == [p.points for p in before]
    assert [p.joined for p in after] == [(), ()]


def test_each_hears_of_his_own_case_once_while_records_are_joined_and_come_apart() -> None:
    """A notice goes to the person of its case, by his own contacts: joining changes neither."""
    desk, notify = Desk(), NotifyHarness()
    ids, cases = [], []
    for n in (1, 2):
        ids.append(desk.ask(f"{n}", phone=f"+861380013800{n}", need={}))
        cases.append(desk.last["request_id"])
    contacts = [desk.person(id_).points for id_ in ids]

    def announce_each(moment: str) -> None:
        for case in cases:
            fact = make_fact(desk.request(case))
            assert isinstance(fact, RequestOpened)
            notify.on_event(fact, case, f"E-{moment}-{case}")
        assert [desk.person(id_).points for id_ in ids] == contacts

    announce_each("before")
    join = JoinPersons(person_id=ids[0], other_id=ids[1])
    desk.handle(COMMANDS[JoinPersons], make_command(join))
    announce_each("joined")
    desk.handle(COMMANDS[SeparatePerson], make_command(SeparatePerson(person_id=ids[0])))
    announce_each("apart")
    pairs = Counter((notice.person_id, notice.regarding) for notice in notify.notices)
    assert pairs == {(ids[0], cases[0]): 3, (ids[1], cases[1]): 3}, "none doubled, none lost"


def test_an_id_number_that_comes_later_joins_the_records_it_belongs_to() -> None:
    desk = Desk()
    known = desk.register("city", name="王芳", phone=PHONE, id_number=ID_NUMBER)
    alone = desk.ask("1", phone=OTHER_PHONE)
    assert desk.ask("2", phone=OTHER_PHONE, id_number=ID_NUMBER) == alone
    assert desk.person(alone).joined == (known,)
    assert desk.person(known).joined == (alone,)
    for id_ in (known, alone):
        apart = make_command(SeparatePerson(person_id=id_))
        answer = desk.handle(COMMANDS[SeparatePerson], apart).answer
        assert answer is not None, "a related party is nobody else by one approver's word"
        assert answer.body["problems"][0]["code"] == "identity_same"
    desk.handle(COMMANDS[ErasePerson], make_command(ErasePerson(person_id=alone)))
    assert desk.person(known).joined == ()


def test_what_the_machine_once_called_a_duplicate_can_be_decided_again() -> None:
    desk = Desk()
    desk.ask("1", SMS, phone=PHONE)
    stored = desk.request(desk.last["request_id"])
    old = {"state": RequestState.DUPLICATE, "duplicate_of": "R-1"}
    desk.save(Decision(states=(stored.model_copy(update=old),)))
    for area, status in (("441900104", 404), (CHASHAN, 200)):
        data: Any = SeparateRequest(request_id=stored.id, area=area)
        answer = desk.handle(COMMANDS[SeparateRequest], make_command(data)).answer
        assert answer is not None
        assert answer.status == status
    request: Request = desk.request(stored.id)
    assert (request.state, request.approval_level) == (RequestState.RECORDED, "village")
    assert get_body(desk.handle(COMMANDS[SeparateRequest], make_command(data)))["problems"]


def test_what_was_merged_and_came_apart_elsewhere_is_merged_anew() -> None:
    """Said again it does something, and does not only say so."""
    desk = Desk()
    desk.ask("1", phone=PHONE)
    desk.ask("2", phone=PHONE)
    (row,) = desk.list_alike("request")
    desk.judge(row, "merged")
    alone = {"state": RequestState.OPEN, "duplicate_of": None, "followers": ()}
    for id_ in (row.first_id, row.second_id):
        desk.states[Ref(Request, id_)] = desk.request(id_).model_copy(update=alone)
    merged = desk.judge(desk.find(row.id), "merged")
    assert list_facts(merged) == ["RequestWithdrawn", "RequestFollowed"]
    assert desk.request(row.second_id).duplicate_of == row.first_id


def test_persons_that_came_apart_elsewhere_are_joined_anew() -> None:
    desk = Desk()
    first, second = desk.ask("1", name="张三", phone=PHONE), desk.ask("2", name="李四", phone=PHONE)
    (row,) = desk.list_alike("person")
    desk.judge(row, "merged")
    desk.handle(COMMANDS[SeparatePerson], make_command(SeparatePerson(person_id=second)))
    assert first not in desk.person(second).joined
    assert list_facts(desk.judge(desk.find(row.id), "merged")) == ["PersonJoined"]
    assert first in desk.person(second).joined
