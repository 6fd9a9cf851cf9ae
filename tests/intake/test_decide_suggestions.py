"""What looks alike is a question to a person, and his answer is taken back without loss."""

from collections import Counter
from typing import Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st

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
from shared.contracts.values import Area
from shared.messaging.decision import Decision, Ref
from tests.intake.builders import (
    CHASHAN,
    COMMANDS,
    PHONE,
    SHIJIE,
    get_body,
    list_facts,
    make_command,
)
from tests.intake.test_decide_identities import (
    ID_NUMBER,
    OTHER_PHONE,
    SMS,
    IdentityHarness,
)
from tests.notify.decisions import DecisionHarness as NotifyHarness


class SuggestionHarness(IdentityHarness):
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
    harness = SuggestionHarness()
    first = harness.ask("1", name="茶园公司", phone=PHONE)
    second = harness.ask("2", name="茶园有限公司", phone=PHONE)
    third = harness.ask("3", name="茶园公司", phone=OTHER_PHONE)
    pairs = {(s.first_id, s.second_id): s.reasons for s in harness.list_alike("person")}
    assert pairs == {(first, second): ("phone_same",), (first, third): ("name_place_same",)}


def test_a_family_member_and_a_collectors_phone_are_no_question() -> None:
    harness = SuggestionHarness()
    harness.ask("1", name="张三", phone=PHONE)
    harness.ask("2", name="张小", phone=PHONE, contact_of="family")
    for n in range(5):
        harness.ask(f"c{n}", name=f"老{n}", phone=OTHER_PHONE, contact_of="collector")
    assert harness.list_alike("person") == []


def test_the_same_id_number_with_another_name_is_a_question() -> None:
    harness = SuggestionHarness()
    first = harness.ask("1", phone=PHONE, id_number=ID_NUMBER)
    second = harness.ask("2", name="李四", phone=OTHER_PHONE, id_number=ID_NUMBER)
    (suggestion,) = harness.list_alike("person")
    assert suggestion.reasons == ("identity_same",)
    assert {suggestion.first_id, suggestion.second_id} == {first, second}


def test_a_repeated_need_is_suggested_and_both_stay_open() -> None:
    harness = SuggestionHarness()
    harness.ask("1", phone=PHONE)
    harness.ask("2", phone=PHONE, source="/channels/other")
    harness.ask("3", phone=PHONE, need={})
    assert {request.state for request in harness.requests()} == {RequestState.OPEN}
    (suggestion,) = harness.list_alike("request")
    assert suggestion.reasons == ("person_same", "need_same")


def test_a_request_that_was_merged_comes_back_as_it_was() -> None:
    harness = SuggestionHarness()
    harness.ask("1", phone=PHONE)
    harness.ask("2", phone=PHONE)
    later = harness.request(harness.last["request_id"])
    (row,) = harness.list_alike("request")
    assert (
        harness.judge(row, "merged", area="441900104").answer
        == harness.judge(row.model_copy(update={"id": "S-none"}), "merged").answer
    )
    assert list_facts(harness.judge(row, "merged")) == ["RequestWithdrawn", "RequestFollowed"]
    assert harness.request(later.id).duplicate_of == row.first_id
    assert later.id not in harness.person(later.person_id).unfinished
    assert list_facts(harness.judge(row, "merged")) == [], "said already"
    assert list_facts(harness.judge(harness.find(row.id), "apart")) == [
        "RequestReopened",
        "RequestFollowed",
    ]
    clockless = {"clock": None, "due_at": None}
    again = harness.request(later.id).model_copy(update=clockless)
    assert again == later.model_copy(update=clockless), "what its clock went through is kept"
    assert later.id in harness.person(later.person_id).unfinished


def place(harness: SuggestionHarness, person_id: str, area: str) -> None:
    person = harness.person(person_id)
    harness.save(Decision(states=(person.model_copy(update={"area": area}),)))


def get_code(decision: Decision) -> str:
    return str(get_body(decision)["problems"][0]["code"])


def test_staff_of_a_town_join_nobody_whom_another_knows() -> None:
    """The suggestion is in their place, since somebody was recorded there with that phone."""
    harness = SuggestionHarness()
    theirs = harness.ask("1", name="张三", phone=PHONE)
    own = harness.ask("2", name="李四", phone=PHONE)
    place(harness, theirs, SHIJIE)
    (row,) = harness.list_alike("person")
    join = JoinPersons(person_id=own, other_id=theirs, area=CHASHAN)
    by_id = harness.handle(COMMANDS[JoinPersons], make_command(join, key="j"))
    for decision in (harness.judge(row, "merged"), by_id):
        assert get_code(decision) == "person_elsewhere"
    assert harness.person(theirs).joined == ()
    assert harness.find(row.id).state == "open"
    assert list_facts(harness.judge(row, "merged", area="")) == ["PersonJoined"]


def test_staff_of_a_town_take_no_join_apart_that_another_knows_of() -> None:
    harness = SuggestionHarness()
    theirs = harness.ask("1", name="张三", phone=PHONE)
    own = harness.ask("2", name="李四", phone=PHONE)
    (row,) = harness.list_alike("person")
    harness.judge(row, "merged")
    place(harness, theirs, SHIJIE)
    for id_ in (theirs, own):
        apart = make_command(SeparatePerson(person_id=id_, area=CHASHAN))
        assert get_code(harness.handle(COMMANDS[SeparatePerson], apart)) == "person_elsewhere"
    assert get_code(harness.judge(harness.find(row.id), "apart")) == "person_elsewhere"
    assert harness.person(theirs).joined == (own,)


def test_staff_of_a_town_merge_no_request_of_another() -> None:
    harness = SuggestionHarness()
    harness.ask("1", phone=PHONE)
    harness.ask("2", phone=PHONE)
    (row,) = harness.list_alike("request")
    there = harness.request(row.first_id)
    moved = there.model_copy(update={"area": Area(town_code=SHIJIE)})
    harness.save(Decision(states=(moved,)))
    assert get_code(harness.judge(row, "merged")) == "request_unknown"
    assert harness.request(row.first_id).followers == ()


def test_persons_that_were_joined_count_as_one_and_come_apart_as_they_were() -> None:
    harness = SuggestionHarness()
    rules = IntakeSettings().rules
    ids = [harness.ask(f"{n}", phone=f"+861380013800{n}", need={}) for n in (1, 2)]
    before = [harness.person(id_) for id_ in ids]
    join = JoinPersons(person_id=ids[0], other_id=ids[1])
    assert list_facts(harness.handle(COMMANDS[JoinPersons], make_command(join))) == ["PersonJoined"]
    assert count_openings(harness, ids) == [1, 1], "each record its own"
    for n in range(rules.person_openings_max - 1):
        harness.ask(f"m{n}", phone=f"+861380013800{n % 2 + 1}")
    assert harness.reasons() == ["person_often"], "two of three were used by the other record"
    apart = make_command(SeparatePerson(person_id=ids[0]))
    assert list_facts(harness.handle(COMMANDS[SeparatePerson], apart)) == ["PersonSeparated"]
    after = [harness.person(id_) for id_ in ids]
    assert [p.points for p in after] == [p.points for p in before]
    assert [p.joined for p in after] == [(), ()]


def test_joining_who_are_one_already_makes_up_no_money() -> None:
    harness = SuggestionHarness()
    ids = [harness.ask(f"{n}", phone=f"+861380013800{n}", need={}) for n in (1, 2)]
    for first, second in (ids, ids[::-1], ids):
        join = make_command(JoinPersons(person_id=first, other_id=second))
        harness.handle(COMMANDS[JoinPersons], join)
    assert count_openings(harness, ids) == [1, 1]


def count_openings(harness: SuggestionHarness, ids: list[str]) -> list[int]:
    """What is counted of each record."""
    tallies = [harness.states.get(Ref(OpeningTally, f"person:{id_}")) for id_ in ids]
    return [
        sum(count for count, _ in tally.days.values()) if isinstance(tally, OpeningTally) else 0
        for tally in tallies
    ]


Act = tuple[Literal["ask", "join", "apart"], int, int]
ACTS = st.tuples(st.sampled_from(["ask", "join", "apart"]), st.integers(0, 3), st.integers(0, 3))


@settings(max_examples=60, deadline=None)
@given(st.lists(ACTS, max_size=14))
def test_however_records_are_joined_and_come_apart_what_opened_is_counted_once(
    acts: list[Act],
) -> None:
    """Of each record what opened for it, so the sum is what opened; and while records are one, no
    more opens for them than for one person."""
    harness = SuggestionHarness()
    names = [{"name": f"王{n}", "phone": f"+861390013900{n}"} for n in range(4)]
    ids = [harness.ask(f"first-{n}", **name) for n, name in enumerate(names)]
    opened = [1, 1, 1, 1]
    most = IntakeSettings().rules.person_openings_max
    for n, (act, first, second) in enumerate(acts):
        if act == "join" and first != second:
            join = JoinPersons(person_id=ids[first], other_id=ids[second])
            harness.handle(COMMANDS[JoinPersons], make_command(join, key=f"{n}"))
        elif act == "apart":
            apart = SeparatePerson(person_id=ids[first])
            harness.handle(COMMANDS[SeparatePerson], make_command(apart, key=f"{n}"))
        elif act == "ask":
            one = {ids[first], *harness.person(ids[first]).joined}
            before = sum(opened[k] for k, id_ in enumerate(ids) if id_ in one)
            harness.ask(f"{n}", **names[first])
            is_opened = harness.last["decision"] == "opened"
            assert is_opened == (before < most)
            opened[first] += is_opened
        assert count_openings(harness, ids) == opened


def test_each_hears_of_his_own_case_once_while_records_are_joined_and_come_apart() -> None:
    """A notice goes to the person of its case, by his own contacts: joining changes neither."""
    harness, notify = SuggestionHarness(), NotifyHarness()
    ids, cases = [], []
    for n in (1, 2):
        ids.append(harness.ask(f"{n}", phone=f"+861380013800{n}", need={}))
        cases.append(harness.last["request_id"])
    contacts = [harness.person(id_).points for id_ in ids]

    def announce_each(moment: str) -> None:
        for case in cases:
            fact = make_fact(harness.request(case))
            assert isinstance(fact, RequestOpened)
            notify.on_event(fact, case, f"E-{moment}-{case}")
        assert [harness.person(id_).points for id_ in ids] == contacts

    announce_each("before")
    join = JoinPersons(person_id=ids[0], other_id=ids[1])
    harness.handle(COMMANDS[JoinPersons], make_command(join))
    announce_each("joined")
    harness.handle(COMMANDS[SeparatePerson], make_command(SeparatePerson(person_id=ids[0])))
    announce_each("apart")
    pairs = Counter((notice.person_id, notice.regarding) for notice in notify.notices)
    assert pairs == {(ids[0], cases[0]): 3, (ids[1], cases[1]): 3}, "none doubled, none lost"


def test_an_id_number_that_comes_later_joins_the_records_it_belongs_to() -> None:
    harness = SuggestionHarness()
    known = harness.register("city", name="王芳", phone=PHONE, id_number=ID_NUMBER)
    alone = harness.ask("1", phone=OTHER_PHONE)
    assert harness.ask("2", phone=OTHER_PHONE, id_number=ID_NUMBER) == alone
    assert harness.person(alone).joined == (known,)
    assert harness.person(known).joined == (alone,)
    for id_ in (known, alone):
        apart = make_command(SeparatePerson(person_id=id_))
        answer = harness.handle(COMMANDS[SeparatePerson], apart).answer
        assert answer is not None, "a related party is nobody else by one approver's word"
        assert answer.body["problems"][0]["code"] == "identity_same"
    harness.handle(COMMANDS[ErasePerson], make_command(ErasePerson(person_id=alone)))
    assert harness.person(known).joined == ()


def test_what_the_machine_once_called_a_duplicate_can_be_decided_again() -> None:
    harness = SuggestionHarness()
    harness.ask("1", SMS, phone=PHONE)
    stored = harness.request(harness.last["request_id"])
    old = {"state": RequestState.DUPLICATE, "duplicate_of": "R-1"}
    harness.save(Decision(states=(stored.model_copy(update=old),)))
    for area, status in (("441900104", 404), (CHASHAN, 200)):
        data: Any = SeparateRequest(request_id=stored.id, area=area)
        answer = harness.handle(COMMANDS[SeparateRequest], make_command(data)).answer
        assert answer is not None
        assert answer.status == status
    request: Request = harness.request(stored.id)
    assert (request.state, request.approval_level) == (RequestState.RECORDED, "village")
    assert get_body(harness.handle(COMMANDS[SeparateRequest], make_command(data)))["problems"]


def test_what_was_merged_and_came_apart_elsewhere_is_merged_anew() -> None:
    """Said again it does something, and does not only say so."""
    harness = SuggestionHarness()
    harness.ask("1", phone=PHONE)
    harness.ask("2", phone=PHONE)
    (row,) = harness.list_alike("request")
    harness.judge(row, "merged")
    alone = {"state": RequestState.OPEN, "duplicate_of": None, "followers": ()}
    for id_ in (row.first_id, row.second_id):
        harness.states[Ref(Request, id_)] = harness.request(id_).model_copy(update=alone)
    merged = harness.judge(harness.find(row.id), "merged")
    assert list_facts(merged) == ["RequestWithdrawn", "RequestFollowed"]
    assert harness.request(row.second_id).duplicate_of == row.first_id


def test_persons_that_came_apart_elsewhere_are_joined_anew() -> None:
    harness = SuggestionHarness()
    first, second = (
        harness.ask("1", name="张三", phone=PHONE),
        harness.ask("2", name="李四", phone=PHONE),
    )
    (row,) = harness.list_alike("person")
    harness.judge(row, "merged")
    harness.handle(COMMANDS[SeparatePerson], make_command(SeparatePerson(person_id=second)))
    assert first not in harness.person(second).joined
    assert list_facts(harness.judge(harness.find(row.id), "merged")) == ["PersonJoined"]
    assert first in harness.person(second).joined
