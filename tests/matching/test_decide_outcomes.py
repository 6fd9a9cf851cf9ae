"""After acceptance: the fund answers, help is delivered, the person confirms, or it falls."""

import pytest

from services.matching.model.match import AcceptMatch, ConfirmMatch, DeliverMatch
from services.matching.model.need import Need
from shared.contracts.events import (
    LedgerCommitted,
    LedgerRefused,
    MatchDelivered,
    MatchReleased,
    PaymentSettled,
    ReplyUnderstood,
    RequestClosed,
)
from shared.errors import Invalid
from shared.messaging.decision import NOTHING
from shared.scope import Scope
from tests.matching.decisions import (
    FUND,
    DecisionHarness,
    make_ledger_answer,
    make_propose,
    person_id,
    request_id,
)


def make_received(match_id: str | None, person: str = "r") -> ReplyUnderstood:
    return ReplyUnderstood(person_id=person_id(person), meaning="received", match_id=match_id)


def test_committed_by_the_fund_it_stands() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_committed()
    assert decisions.match(id_).state == "committed"
    assert decisions.list_event_names()[-1] == "MatchCommitted"


@pytest.mark.parametrize("reason", ["insufficient_funds", "unknown_fund", "outside_terms"])
def test_refusal_of_the_fund_reopens_the_need_for_every_other_fund(reason: str) -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_accepted()
    same, other = decisions.offer("same", fund_id=FUND), decisions.offer("other", fund_id="fund-2")
    refused = make_ledger_answer(LedgerRefused, 50).model_copy(update={"reason": reason})
    decisions.event(id_, refused)
    fact = decisions.last()
    assert isinstance(fact, MatchReleased)
    assert fact.reason == "refused_by_fund"
    need = decisions.need_of(id_)
    assert (need.remaining, need.excluded_funds) == (50, (FUND,))
    assert decisions.offer_of(id_).free == 100
    for offer in (decisions.match(id_).offer_id, same):
        answer = decisions.command(make_propose(need.id, offer, 50, number=2))
        assert answer is not None
        assert answer.body["problems"][0]["code"] == "fund_excluded"
    decisions.propose(decisions.need("another"), same, 50)
    decisions.propose(need.id, other, 50, number=2)


def test_a_fund_that_may_not_pay_twice_is_not_asked_again_before_that_is_settled() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_accepted()
    refused = make_ledger_answer(LedgerRefused, 50).model_copy(
        update={"reason": "already_paid", "available_fen": 20}
    )
    decisions.event(id_, refused)
    need = decisions.need_of(id_)
    assert (need.remaining, need.excluded_funds) == (20, ())
    decisions.event(need.id, PaymentSettled(match_ids=("M-before", id_)))
    assert decisions.need_of(id_).remaining == 50


def test_refused_donation_is_not_matchings() -> None:
    assert DecisionHarness().event("D-1", make_ledger_answer(LedgerRefused, 50)) is NOTHING


@pytest.mark.parametrize("reason", ["not_committed", "id_reused"])
@pytest.mark.parametrize("state", ["accepted", "committed", "delivered", "confirmed"])
def test_refusal_of_something_else_than_the_commitment_changes_nothing(
    reason: str, state: str
) -> None:
    decisions = DecisionHarness()
    id_ = getattr(decisions, f"make_{state}")()
    told = make_ledger_answer(LedgerRefused, 49).model_copy(update={"reason": reason})
    assert decisions.event(id_, told) is NOTHING
    assert decisions.match(id_).state == state


def test_ledger_that_speaks_of_another_amount_is_invalid() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_accepted()
    with pytest.raises(Invalid):
        decisions.event(id_, make_ledger_answer(LedgerCommitted, 49))


def test_answer_of_the_fund_twice_changes_nothing() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_delivered()
    assert decisions.event(id_, make_ledger_answer(LedgerCommitted, 50)) is NOTHING
    assert decisions.event(id_, make_ledger_answer(LedgerRefused, 50)) is NOTHING


def test_delivery_moves_the_quantity_from_reserved_to_delivered() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_delivered()
    offer = decisions.offer_of(id_)
    assert (offer.reserved, offer.delivered, offer.free) == (0, 50, 50)
    assert decisions.need_of(id_).remaining == 0


def test_nothing_is_delivered_before_it_is_committed() -> None:
    decisions = DecisionHarness()
    answer = decisions.command(DeliverMatch(match_id=decisions.make_accepted()))
    assert answer is not None
    assert answer.status == 409


def test_who_handed_it_over_stands_in_the_event() -> None:
    """Intake lets none of them read the person's answer."""
    decisions = DecisionHarness()
    decisions.command(DeliverMatch(match_id=decisions.make_committed()), principal="mei")
    fact = decisions.last()
    assert isinstance(fact, MatchDelivered)
    assert fact.delivered_by == ("mei",)


def test_staff_confirm_what_was_delivered() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_confirmed()
    assert decisions.match(id_).state == "confirmed"
    assert decisions.list_event_names()[-2:] == ["MatchDelivered", "MatchConfirmed"]


def test_who_accepted_cannot_confirm() -> None:
    decisions = DecisionHarness()
    id_ = decisions.propose(decisions.need(unit="袋"), decisions.offer(unit="袋"), 50)
    decisions.command(AcceptMatch(match_id=id_), principal="op")
    decisions.command(DeliverMatch(match_id=id_), principal="op")
    refused = decisions.command(ConfirmMatch(match_id=id_), principal="op")
    assert refused is not None
    assert (refused.status, refused.body["problems"][0]["code"]) == (409, "confirmer_same")
    assert decisions.match(id_).state == "delivered"
    decisions.command(ConfirmMatch(match_id=id_), principal="collector")
    assert (decisions.match(id_).state, decisions.match(id_).accepted_by) == ("confirmed", "op")


def test_another_area_cannot_confirm() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_delivered()
    answer = decisions.command(ConfirmMatch(match_id=id_, scope=Scope(area="441900102")))
    assert answer is not None
    assert answer.status == 404


def test_reply_of_the_person_confirms() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_delivered()
    decisions.event("reply-1", make_received(id_))
    assert decisions.match(id_).state == "confirmed"


def test_reply_of_another_or_too_early_or_about_nothing_changes_nothing() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_delivered()
    assert decisions.event("reply-1", make_received(id_, person="other")) is NOTHING
    assert decisions.event("reply-2", make_received(None)) is NOTHING
    early = DecisionHarness()
    assert early.event("reply-3", make_received(early.make_committed())) is NOTHING


def test_withdrawn_request_frees_all_that_is_not_delivered() -> None:
    decisions = DecisionHarness()
    need = decisions.need(quantity=90)
    first, second = decisions.offer("a"), decisions.offer("b")
    ids = [decisions.propose(need, first, 40, 1), decisions.propose(need, second, 50, 2)]
    decisions.withdraw_request()
    assert [decisions.match(id_).state for id_ in ids] == ["released", "released"]
    assert [decisions.offer_of(id_).free for id_ in ids] == [100, 100]
    assert decisions.get(Need, need).state == "withdrawn"
    answer = decisions.command(make_propose(need, first, 10, 3))
    assert answer is not None
    assert answer.status == 409


def test_withdrawn_request_releases_committed_money_and_leaves_delivered() -> None:
    committed, delivered = DecisionHarness(), DecisionHarness()
    one, other = committed.make_committed(), delivered.make_delivered()
    committed.withdraw_request()
    delivered.withdraw_request()
    assert committed.match(one).state == "released"
    assert committed.offer_of(one).free == 100
    assert delivered.match(other).state == "delivered"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(LedgerCommitted, "request_withdrawn"), (LedgerRefused, "refused_by_fund")],
)
def test_withdrawal_of_the_request_waits_for_the_answer_of_the_fund(
    answer: type[LedgerCommitted] | type[LedgerRefused], reason: str
) -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_accepted()
    decisions.withdraw_request()
    assert (decisions.match(id_).state, decisions.match(id_).kept) == (
        "accepted",
        "request_withdrawn",
    )
    assert decisions.offer_of(id_).reserved == 50
    decisions.event(id_, make_ledger_answer(answer, 50))
    fact = decisions.last()
    assert isinstance(fact, MatchReleased)
    assert fact.reason == reason
    assert decisions.offer_of(id_).free == 100
    assert "MatchCommitted" not in decisions.list_event_names()


def test_closed_request_is_matched_no_more() -> None:
    decisions = DecisionHarness()
    need, offer = decisions.need(), decisions.offer()
    decisions.event(need, RequestClosed(person_id=person_id("r")))
    answer = decisions.command(make_propose(need, offer, 10))
    assert answer is not None
    assert answer.status == 409


def test_withdrawal_of_a_request_never_opened_changes_nothing() -> None:
    decisions = DecisionHarness()
    decisions.withdraw_request("never")
    assert decisions.facts == []


def test_request_opened_twice_is_one_need() -> None:
    decisions = DecisionHarness()
    need = decisions.need()
    decisions.propose(need, decisions.offer(), 30)
    decisions.need()
    assert decisions.get(Need, request_id("r")).remaining == 20
