"""Emergencies: one proposes, another confirms, one ends; matching hears areas and codes alone."""

from datetime import timedelta
from typing import Any

import pytest

from services.intake.emergencies.report import BY_CATEGORY, MEASURES, suggest_measure
from services.intake.events import build_commands
from services.intake.model import MendRequest, Request, ReturnRequest
from services.intake.model.emergency import (
    ConfirmEmergency,
    Emergency,
    EndEmergency,
    HastenRequest,
    ProposeEmergency,
)
from services.intake.settings import IntakeSettings
from shared.calendar import find_day
from shared.contracts.events import EmergencyDeclared, EmergencyEnded, RequestHastened
from shared.contracts.values import Area, Category
from shared.messaging.decision import Decision, Ref
from tests.intake.builders import (
    CHASHAN,
    COMMANDS,
    NOW,
    SHIJIE,
    VAULT,
    DecisionHarness,
    find_credential,
    get_body,
    make_command,
    make_submission,
)

TODAY = find_day(NOW)
DAY = timedelta(days=1)
VILLAGE = f"{CHASHAN}001"


def execute(harness: DecisionHarness, data: Any) -> Decision:
    return harness.handle(COMMANDS[type(data)], make_command(data))


def make_proposal(**changed: Any) -> ProposeEmergency:
    fields: dict[str, Any] = {
        "emergency_id": "E-1",
        "by": "c-1",
        "levels": ("city",),
        "area_codes": (CHASHAN,),
        "cause": "epidemic",
        "starts_on": TODAY,
        "until": TODAY + 6 * DAY,
    }
    return ProposeEmergency.model_validate(fields | changed)


def make_act(type_: Any = ConfirmEmergency, **changed: Any) -> Any:
    fields = {"emergency_id": "E-1", "by": "c-2", "levels": ("city",)}
    return type_.model_validate(fields | changed)


def get_emergency(harness: DecisionHarness) -> Emergency:
    emergency = harness.states[Ref(Emergency, "E-1")]
    assert isinstance(emergency, Emergency)
    return emergency


def declare(**changed: Any) -> tuple[DecisionHarness, Decision]:
    harness = DecisionHarness()
    execute(harness, make_proposal(**changed))
    return harness, execute(harness, make_act())


def find_code(decision: Decision) -> Any:
    return get_body(decision)["problems"][0]["code"]


def test_two_people_declare_it_and_the_event_names_codes_alone() -> None:
    harness, decision = declare(categories=("supplies",))
    [(_, fact)] = decision.events
    assert isinstance(fact, EmergencyDeclared)
    assert fact.area_codes == (CHASHAN,)
    assert fact.starts_at == NOW
    assert find_day(fact.ends_at - timedelta(seconds=1)) == TODAY + 6 * DAY
    assert (fact.proposed_by, fact.confirmed_by) == ("c-1", "c-2")
    assert get_emergency(harness).is_on(NOW)
    assert not get_emergency(harness).is_on(fact.ends_at)


def test_who_proposed_it_does_not_confirm_it() -> None:
    harness = DecisionHarness()
    assert execute(harness, make_proposal()).events == ()
    assert find_code(execute(harness, make_act(by="c-1"))) == "emergency_own"
    assert get_emergency(harness).state == "proposed"


def test_one_ends_it_and_it_is_not_declared_again() -> None:
    harness, _ = declare()
    harness.now = NOW + DAY
    [(_, fact)] = execute(harness, make_act(EndEmergency)).events
    assert isinstance(fact, EmergencyEnded)
    assert not get_emergency(harness).is_on(harness.now)
    for again in (make_act(), make_act(EndEmergency), make_proposal()):
        assert find_code(execute(harness, again)) == "emergency_state"


def test_a_proposal_is_refused_without_an_event() -> None:
    harness = DecisionHarness()
    execute(harness, make_proposal())
    assert execute(harness, make_act(EndEmergency)).events == ()
    assert find_code(execute(harness, make_act())) == "emergency_state"


def test_a_proposal_that_nobody_confirmed_in_its_time_is_over() -> None:
    harness = DecisionHarness()
    execute(harness, make_proposal())
    harness.now = NOW + 8 * DAY
    assert find_code(execute(harness, make_act())) == "emergency_period_wrong"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"levels": ("town",)}, "emergency_level"),
        ({"levels": ()}, "emergency_level"),
        ({"area_codes": ()}, "emergency_area_missing"),
        ({"area_codes": ("441900000",)}, "emergency_area_unknown"),
        ({"area_codes": ("999999999",)}, "emergency_area_unknown"),
        ({"area": "441900101"}, "emergency_area_foreign"),
        ({"until": TODAY - DAY}, "emergency_period_wrong"),
        ({"starts_on": "0001-01-01"}, "emergency_period_long"),
        ({"starts_on": "9999-12-31", "until": "9999-12-31"}, "emergency_period_long"),
        ({"until": TODAY + 92 * DAY}, "emergency_period_long"),
    ],
)
def test_a_wrong_proposal_is_refused_with_its_reason(changed: Any, code: str) -> None:
    harness = DecisionHarness()
    assert find_code(execute(harness, make_proposal(**changed))) == code
    assert Ref(Emergency, "E-1") not in harness.states


def test_a_town_proposes_for_itself_where_the_setting_says_so_and_the_city_confirms() -> None:
    rules = IntakeSettings(emergency_by_towns=True).rules
    commands = build_commands(VAULT, rules, find_credential)
    harness = DecisionHarness()
    proposal = make_proposal(by="t-1", levels=("town",), area=CHASHAN)
    harness.handle(commands[ProposeEmergency], make_command(proposal))
    for levels, area, code in (
        (("town",), CHASHAN, "emergency_level"),
        (("city",), "441900101", "emergency_area_foreign"),
    ):
        for type_ in (ConfirmEmergency, EndEmergency):
            act = make_act(type_, by="t-2", levels=levels, area=area)
            assert find_code(execute(harness, act)) == code
    assert execute(harness, make_act()).events


def test_an_act_on_none_is_unknown() -> None:
    for type_ in (ConfirmEmergency, EndEmergency):
        assert find_code(execute(DecisionHarness(), make_act(type_))) == "emergency_unknown"


@pytest.mark.parametrize(
    ("codes", "village", "category", "covered"),
    [
        ((CHASHAN,), None, "supplies", True),
        ((CHASHAN,), VILLAGE, "supplies", True),
        ((VILLAGE,), VILLAGE, "supplies", True),
        ((VILLAGE,), None, "supplies", False),
        (("441900101",), None, "supplies", False),
        ((CHASHAN,), None, "meals", False),
    ],
)
def test_it_covers_its_towns_villages_and_categories(
    codes: Any, village: Any, category: str, covered: bool
) -> None:
    harness, _ = declare(area_codes=codes, categories=("supplies",))
    area = Area(town_code=CHASHAN, village_code=village)
    assert get_emergency(harness).covers(area, Category(category)) is covered


def test_a_request_under_it_is_offered_one_of_the_ten_measures_while_it_is_on() -> None:
    assert set(BY_CATEGORY) == set(Category)
    assert set(BY_CATEGORY.values()) <= set(MEASURES) == set(range(1, 11))
    harness, _ = declare()
    harness.submit(make_submission())
    [request] = [each for each in harness.states.values() if hasattr(each, "fingerprint")]
    emergency = get_emergency(harness)
    assert suggest_measure([emergency], request, NOW) == 4  # type: ignore[arg-type]
    assert suggest_measure([emergency], request, emergency.ends_at) == 0  # type: ignore[arg-type]


# --- hastened -------------------------------------------------------------------------------------


def submit(harness: DecisionHarness, yuan: int, key: str = "m-1", **changed: Any) -> Request:
    need = {"unit": "fen", "quantity": yuan * 100}
    answer = harness.submit(make_submission(need=need, **changed), key)
    return harness.request(get_body(answer)["request_id"])


def hasten(harness: DecisionHarness, request: Request) -> Decision:
    return execute(harness, HastenRequest(request_id=request.id, emergency_id="E-1"))


@pytest.mark.parametrize(
    ("yuan", "usual", "meanwhile"),
    [(1_900, "village", "village"), (19_000, "town", "village"), (30_000, "city", "town")],
)
def test_while_it_is_on_who_decides_is_nearer_and_hears_of_it_as_the_person_does(
    yuan: int, usual: str, meanwhile: str
) -> None:
    harness, _ = declare()
    request = submit(harness, yuan)
    assert request.approval_level == usual
    [(_, fact)] = hasten(harness, request).events
    assert isinstance(fact, RequestHastened)
    assert (fact.approval_level, fact.to_person) == (meanwhile, True)
    assert harness.request(request.id).approval_level == meanwhile
    assert hasten(harness, request).events == (), "said once"


def test_both_clocks_end_sooner_and_nobody_is_late_at_once() -> None:
    harness, _ = declare()
    request = submit(harness, 19_000)
    before = request.clock
    hasten(harness, request)
    after = harness.request(request.id).clock
    assert before is not None
    assert after is not None
    assert NOW < after.period.ends_at < before.period.ends_at
    assert NOW < after.whole.ends_at < before.whole.ends_at
    assert harness.request(request.id).due_at is not None


def test_what_the_joint_meeting_decides_stays_there_with_less_time() -> None:
    harness, _ = declare()
    request = submit(harness, 1_000_001)
    [(hastened, fact)] = hasten(harness, request).events
    assert isinstance(fact, RequestHastened)
    assert fact.approval_level == "city"
    assert "meeting_due" in harness.request(hastened.id).waits_for


@pytest.mark.parametrize(
    "changed", [{"categories": ("meals",)}, {"area_codes": (SHIJIE,)}, {"starts_on": TODAY + DAY}]
)
def test_what_is_elsewhere_or_of_another_kind_or_before_is_as_usual(changed: Any) -> None:
    harness, _ = declare(**changed)
    request = submit(harness, 19_000)
    assert hasten(harness, request).events == ()
    assert harness.request(request.id).approval_level == "town"


def test_what_comes_back_while_it_is_on_is_at_the_nearer_level_and_stays_so_afterwards() -> None:
    harness, _ = declare()
    request = submit(harness, 19_000)
    hasten(harness, request)
    execute(harness, make_act(EndEmergency))
    back = {"levels": ("village",), "approver_id": "v-1", "reason": "proof_missing"}
    execute(harness, ReturnRequest(request_id=request.id, **back))
    execute(harness, MendRequest(request_id=request.id, by="s-9"))
    mended = harness.request(request.id)
    assert (mended.state, mended.approval_level) == ("recorded", "village")
    assert [step.act for step in mended.steps] == ["hastened", "returned", "corrected"]
