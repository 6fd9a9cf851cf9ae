"""A related party with a second phone: where it only looks so, a person's word is waited for."""

from typing import Any

from services.matching.model.match import AcceptMatch, ClaimNeed
from services.matching.model.relations import ClearNamesake, DeclareRelation, FundRelations
from shared.messaging.decision import Answer
from tests.matching.decisions import FUND, DecisionHarness, person_id
from tests.support.answers import code

NAME = "N-0123456789abcdef"
OTHER_TOWN: dict[str, Any] = {"area": {"town_code": "441900119"}}


def declare_related(**second: Any) -> tuple[DecisionHarness, str]:
    """Somebody is declared a related party; then one who is called the same asks, from another
    phone. The match proposed for him."""
    decisions = DecisionHarness()
    decisions.need("first", name_id=NAME)
    declaration = DeclareRelation(fund_id=FUND, person_id=person_id("first"), tie="relative")
    decisions.command(declaration, "maker")
    request = decisions.need("second", **{"name_id": NAME, **second})
    return decisions, decisions.propose(request, decisions.offer(fund_id=FUND, mode="both"), 50)


def accept(decisions: DecisionHarness, id_: str) -> Answer | None:
    return decisions.command(AcceptMatch(match_id=id_), "donor")


def test_acceptance_waits_where_a_related_party_is_called_the_same() -> None:
    decisions, id_ = declare_related()
    answer = accept(decisions, id_)
    assert code(answer) == "namesake_unchecked"
    assert answer is not None
    assert "财务人员先核实" in answer.body["problems"][0]["zh"]
    assert (decisions.match(id_).state, decisions.match(id_).waits_for) == ("proposed", "namesake")


def test_a_claim_waits_too() -> None:
    decisions, _ = declare_related()
    other = decisions.offer("his", fund_id=FUND, mode="claim")
    need = decisions.need("third", name_id=NAME)
    claim = ClaimNeed(request_id=need, offer_id=other, quantity=50)
    assert code(decisions.command(claim, "donor")) == "namesake_unchecked"


def test_on_a_persons_word_and_reason_it_goes_on() -> None:
    decisions, id_ = declare_related()
    accept(decisions, id_)
    clear = ClearNamesake(fund_id=FUND, person_id=person_id("second"), reason="入户核实，非同一人")
    answer = decisions.command(clear, "finance-7")
    assert answer is not None
    assert answer.status == 200
    [clearance] = decisions.get(FundRelations, FUND).clearances
    assert (clearance.by, clearance.reason) == ("finance-7", "入户核实，非同一人")
    accept(decisions, id_)
    assert (decisions.match(id_).state, decisions.match(id_).waits_for) == ("accepted", "")


def test_a_word_frees_nobody_who_is_declared() -> None:
    decisions, _ = declare_related()
    clear = ClearNamesake(fund_id=FUND, person_id=person_id("first"), reason="误报")
    assert code(decisions.command(clear, "finance-7")) == "related_party"


def test_the_name_alone_or_the_town_alone_is_no_likeness() -> None:
    others: tuple[dict[str, Any], ...] = (OTHER_TOWN, {"name_id": "N-another"}, {"name_id": None})
    for second in others:
        decisions, id_ = declare_related(**second)
        accept(decisions, id_)
        assert decisions.match(id_).state == "accepted"
