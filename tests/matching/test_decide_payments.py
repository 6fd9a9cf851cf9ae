"""What audit paid, and took back: the offer, the budget and the need follow."""

from services.matching.model.campaign import Campaign
from services.matching.model.labels import REOPEN_REASONS
from services.matching.model.match import AcceptMatch, ClaimNeed, GiveUpMatch, ReopenMatch
from services.matching.model.offer import Offer
from shared.contracts.events import LedgerCommitted, MatchAccepted, MatchPaid, PaymentSettled
from tests.matching.decisions import (
    FUND,
    DecisionHarness,
    make_campaign,
    make_ledger_answer,
    make_payment,
    make_reversal,
)
from tests.support.answers import code


def reopen_paid() -> tuple[DecisionHarness, str]:
    """50 fen were confirmed and paid; then the person says that nothing arrived."""
    decisions = DecisionHarness()
    id_ = decisions.make_confirmed()
    decisions.event(id_, make_payment(50))
    decisions.command(ReopenMatch(match_id=id_, reason=REOPEN_REASONS[0]))
    return decisions, id_


def reverse(decisions: DecisionHarness, id_: str, fen: int) -> None:
    decisions.event(f"V-{id_}", make_reversal(id_, fen))


def test_who_was_helped_is_told_of_the_banks_payment_on_a_topic_that_forgets() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_confirmed()
    before = decisions.offer_of(id_)
    decisions.event(id_, make_payment(50).model_copy(update={"was_due": True}))
    fact = decisions.last()
    assert isinstance(fact, MatchPaid)
    assert (fact.amount_fen, bool(fact.person_id)) == (50, True)
    assert decisions.offer_of(id_) == before, "counted when it became due"


def test_audit_learns_what_the_request_asks_for_in_all() -> None:
    decisions = DecisionHarness()
    decisions.make_accepted()
    fact = decisions.last()
    assert isinstance(fact, MatchAccepted)
    assert (fact.quantity, fact.request_quantity) == (50, 50)


def test_who_claims_what_was_paid_already_is_told_what_must_happen_first() -> None:
    decisions, id_ = reopen_paid()
    other = decisions.offer("other", mode="claim", fund_id=FUND)
    need = decisions.need_of(id_)
    answer = decisions.command(ClaimNeed(request_id=need.id, offer_id=other, quantity=50))
    assert code(answer) == "payment_unsettled"
    assert answer is not None
    assert "冲正" in answer.body["problems"][0]["zh"]


def test_a_reversed_payment_is_there_again_for_the_offer_and_the_need() -> None:
    decisions, id_ = reopen_paid()
    reverse(decisions, id_, 50)
    assert (decisions.offer_of(id_).free, decisions.offer_of(id_).delivered) == (100, 0)
    assert (decisions.need_of(id_).remaining, decisions.need_of(id_).unsettled) == (50, {})
    decisions.event(decisions.need_of(id_).id, PaymentSettled(match_ids=(id_,)))
    decisions.propose(decisions.need_of(id_).id, decisions.offer("other"), 50, number=2)


def test_a_second_payment_that_two_people_allow_takes_nothing_back() -> None:
    decisions, id_ = reopen_paid()
    decisions.event(decisions.need_of(id_).id, PaymentSettled(match_ids=(id_,)))
    assert decisions.need_of(id_).remaining == 50
    assert decisions.offer_of(id_).delivered == 50


def test_a_payment_may_be_reversed_before_the_match_is_reopened() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_confirmed()
    reverse(decisions, id_, 50)
    assert decisions.offer_of(id_).delivered == 50
    decisions.command(ReopenMatch(match_id=id_, reason=REOPEN_REASONS[0]))
    assert (decisions.offer_of(id_).delivered, decisions.need_of(id_).remaining) == (0, 50)


def test_an_instalment_that_was_paid_is_not_given_back_when_the_match_is_given_up() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_committed()
    decisions.event(id_, make_payment(20))
    decisions.command(GiveUpMatch(match_id=id_))
    offer, need = decisions.offer_of(id_), decisions.need_of(id_)
    assert (offer.free, offer.reserved, offer.delivered) == (80, 0, 20)
    assert (need.remaining, need.unsettled) == (30, {id_: 20})
    reverse(decisions, id_, 20)
    assert (decisions.offer_of(id_).free, decisions.need_of(id_).remaining) == (100, 50)


def test_an_instalment_of_a_request_that_was_withdrawn_is_gone_too() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_committed()
    decisions.event(id_, make_payment(20))
    decisions.withdraw_request()
    assert decisions.match(id_).state == "released"
    assert (decisions.offer_of(id_).free, decisions.offer_of(id_).delivered) == (80, 20)


def test_news_of_an_instalment_may_come_after_the_match_fell() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_committed()
    decisions.command(GiveUpMatch(match_id=id_))
    assert decisions.offer_of(id_).free == 100
    decisions.event(id_, make_payment(20))
    assert (decisions.offer_of(id_).free, decisions.need_of(id_).remaining) == (80, 30)


def test_a_campaigns_budget_follows_what_is_paid_and_taken_back() -> None:
    decisions = DecisionHarness()
    decisions.command(make_campaign(100, "P-donor"))
    offer = decisions.offer(fund_id=FUND, campaign_id="warm")
    id_ = decisions.propose(decisions.need(), offer, 50)
    decisions.command(AcceptMatch(match_id=id_))
    decisions.event(id_, make_ledger_answer(LedgerCommitted, 50))
    decisions.event(id_, make_payment(20))
    decisions.command(GiveUpMatch(match_id=id_))
    assert decisions.get(Campaign, "warm").held_fen == 20
    reverse(decisions, id_, 20)
    assert decisions.get(Campaign, "warm").held_fen == 0
    assert decisions.get(Offer, offer).free == 100
