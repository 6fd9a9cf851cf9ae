"""The way to the person: delivered, confirmed, said not to have arrived, rated."""

from datetime import timedelta

import pytest

from services.matching.model.labels import REOPEN_REASONS
from services.matching.model.match import (
    AcceptMatch,
    ConfirmMatch,
    DeliverMatch,
    GiveUpMatch,
    RateMatch,
    ReopenMatch,
    Witness,
)
from services.matching.model.need import Need
from shared.contracts.events import (
    MatchConfirmed,
    MatchRated,
    MatchReleased,
    MatchReopened,
    PaymentSettled,
    PersonJoined,
    ReplyUnderstood,
    RequestClassified,
    RequestClosed,
    RequestReopened,
)
from shared.contracts.values import BeneficiaryClass
from shared.messaging.decision import NOTHING, Answer
from shared.scope import Scope
from tests.matching.decisions import REOPEN_DAYS, DecisionHarness, make_propose, person_id
from tests.support.answers import code

WINDOW_S = timedelta(days=REOPEN_DAYS).total_seconds()


def reopen(decisions: DecisionHarness, id_: str, **more: object) -> Answer:
    answer = decisions.command(
        ReopenMatch.model_validate({"match_id": id_, "reason": REOPEN_REASONS[0]} | more)
    )
    assert answer is not None
    return answer


def settle(decisions: DecisionHarness, id_: str) -> None:
    """Audit: the payment was reversed, or two people say that it may be paid again."""
    settled = PaymentSettled(match_ids=(id_,))
    decisions.event(decisions.match(id_).request_id, settled)


def make_reply(meaning: str, match_id: str | None, person: str = "r") -> ReplyUnderstood:
    return ReplyUnderstood.model_validate(
        {"person_id": person_id(person), "meaning": meaning, "match_id": match_id}
    )


def test_what_was_delivered_and_did_not_arrive_is_to_be_delivered_again() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_delivered()
    assert reopen(decisions, id_).status == 200
    match, offer = decisions.match(id_), decisions.offer_of(id_)
    assert (match.state, match.reason) == ("committed", REOPEN_REASONS[0])
    assert (offer.reserved, offer.delivered, offer.free) == (50, 0, 50)
    assert decisions.need_of(id_).remaining == 0
    fact = decisions.last()
    assert isinstance(fact, MatchReopened)
    assert (fact.was, fact.reason) == ("delivered", REOPEN_REASONS[0])
    decisions.command(DeliverMatch(match_id=id_))
    decisions.command(ConfirmMatch(match_id=id_))
    assert (decisions.match(id_).state, decisions.match(id_).deliveries) == ("confirmed", 2)


def test_what_was_confirmed_and_did_not_arrive_is_asked_for_anew() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_confirmed()
    decisions.event(decisions.match(id_).request_id, RequestClosed(person_id=person_id("r")))
    answer = reopen(decisions, id_)
    assert answer.body["state"] == decisions.match(id_).state == "reopened"
    assert "冲正" in answer.body["finance"]["zh"]
    assert decisions.need_of(id_).remaining == 0, "it was paid: not asked for before it is settled"
    assert decisions.offer_of(id_).delivered == 50, "what was paid comes back by a reversal alone"
    fact = decisions.last()
    assert isinstance(fact, MatchReopened)
    assert fact.was == "confirmed"
    settle(decisions, id_)
    assert decisions.need_of(id_).remaining == 50


def test_need_of_a_closed_request_looks_again_once_intake_reopened_it() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_confirmed()
    request = decisions.match(id_).request_id
    decisions.event(request, RequestClosed(person_id=person_id("r")))
    reopen(decisions, id_)
    again = make_propose(request, decisions.offer("b"), 50, number=2)
    assert code(decisions.command(again)) == "need_not_open"
    decisions.event(request, RequestReopened(person_id=person_id("r")))
    assert decisions.get(Need, request).state == "open"
    assert code(decisions.command(again)) == "payment_unsettled"
    settle(decisions, id_)
    answer = decisions.command(again)
    assert answer is not None
    assert answer.status == 201


def test_reopened_request_that_was_withdrawn_stays_withdrawn() -> None:
    decisions = DecisionHarness()
    request = decisions.need()
    decisions.withdraw_request()
    assert decisions.event(request, RequestReopened(person_id=person_id("r"))) is NOTHING


def test_goods_that_did_not_arrive_need_no_reversal() -> None:
    decisions = DecisionHarness()
    id_ = decisions.propose(decisions.need(unit="袋"), decisions.offer(unit="袋"), 50)
    decisions.command(AcceptMatch(match_id=id_))
    decisions.command(DeliverMatch(match_id=id_))
    decisions.command(ConfirmMatch(match_id=id_))
    assert "finance" not in reopen(decisions, id_).body


def test_reopening_ends_with_its_window_and_says_until_when_it_was_possible() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_confirmed()
    decisions.advance(WINDOW_S - 1)
    early = decisions.match(id_)
    assert early.may_reopen(decisions.now)
    decisions.advance(1)
    answer = reopen(decisions, id_)
    assert code(answer) == "reopening_late"
    (problem,) = answer.body["problems"]
    assert "2026年2月4日 16:00" in problem["zh"]
    assert "4 February 2026, 16:00" in problem["en"]
    assert decisions.match(id_) == early


@pytest.mark.parametrize("state", ["accepted", "committed"])
def test_nothing_that_was_not_delivered_is_reopened(state: str) -> None:
    decisions = DecisionHarness()
    id_ = getattr(decisions, f"make_{state}")()
    assert code(reopen(decisions, id_)) == f"match_{state}"


def test_reopened_match_is_over() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_confirmed()
    reopen(decisions, id_)
    before = len(decisions.facts)
    for command in (ConfirmMatch, DeliverMatch, GiveUpMatch, AcceptMatch):
        assert code(decisions.command(command(match_id=id_))) == "match_reopened"
    assert code(reopen(decisions, id_)) == "match_reopened"
    assert len(decisions.facts) == before


def test_another_area_can_neither_reopen_nor_give_up_nor_rate() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_confirmed()
    scope = Scope(area="441900102")
    assert code(reopen(decisions, id_, scope=scope)) == "match_unknown"
    assert code(decisions.command(GiveUpMatch(match_id=id_, scope=scope))) == "match_unknown"
    assert code(decisions.command(RateMatch(match_id=id_, scope=scope, stars=5))) == "match_unknown"


# --- replies ---


@pytest.mark.parametrize(
    ("state", "becomes"), [("delivered", "committed"), ("confirmed", "reopened")]
)
def test_reply_that_it_did_not_arrive_reopens(state: str, becomes: str) -> None:
    decisions = DecisionHarness()
    id_ = getattr(decisions, f"make_{state}")()
    decisions.event("reply-1", make_reply("not_received", id_))
    assert decisions.match(id_).state == becomes
    assert decisions.list_event_names()[-1] == "MatchReopened"


def test_who_wrote_that_it_did_not_arrive_may_take_it_back() -> None:
    """Once: it counts for the offer as the one delivery that it was."""
    decisions = DecisionHarness()
    id_ = decisions.make_delivered()
    decisions.event("reply-1", make_reply("not_received", id_))
    decisions.event("reply-2", make_reply("received", id_))
    match, offer = decisions.match(id_), decisions.offer_of(id_)
    assert (match.state, match.deliveries) == ("confirmed", 1)
    assert (offer.reserved, offer.delivered, offer.confirmed) == (0, 50, 1)
    assert isinstance(decisions.last(), MatchConfirmed)
    assert decisions.event("reply-3", make_reply("received", id_)) is NOTHING


def test_what_staff_say_did_not_arrive_no_word_takes_back() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_delivered()
    reopen(decisions, id_)
    assert decisions.event("reply-1", make_reply("received", id_)) is NOTHING


def test_reply_about_anothers_or_too_late_or_too_early_changes_nothing() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_confirmed()
    assert decisions.event("reply-1", make_reply("not_received", id_, person="other")) is NOTHING
    decisions.advance(WINDOW_S)
    assert decisions.event("reply-2", make_reply("not_received", id_)) is NOTHING
    assert decisions.event("reply-3", make_reply("opted_out", None)) is NOTHING
    early = DecisionHarness()
    assert early.event("reply-4", make_reply("not_received", early.make_committed())) is NOTHING


# --- given up ---


@pytest.mark.parametrize("state", ["committed", "delivered"])
def test_lost_donor_is_given_up_and_another_is_asked(state: str) -> None:
    decisions = DecisionHarness()
    id_ = getattr(decisions, f"make_{state}")()
    decisions.command(GiveUpMatch(match_id=id_))
    fact = decisions.last()
    assert isinstance(fact, MatchReleased)
    assert fact.reason == "not_arrived"
    assert (decisions.offer_of(id_).free, decisions.need_of(id_).remaining) == (100, 50)
    request, lost = decisions.match(id_).request_id, decisions.match(id_).offer_id
    assert code(decisions.command(make_propose(request, lost, 50, number=2))) == "donor_excluded"
    decisions.propose(request, decisions.offer("b", donor_id="P-other"), 50, number=2)


@pytest.mark.parametrize("state", ["accepted", "confirmed"])
def test_what_is_undecided_or_confirmed_is_not_given_up(state: str) -> None:
    decisions = DecisionHarness()
    id_ = getattr(decisions, f"make_{state}")()
    assert code(decisions.command(GiveUpMatch(match_id=id_))) == f"match_{state}"


def test_delivery_for_a_withdrawn_request_that_did_not_arrive_is_released() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_delivered()
    decisions.withdraw_request()
    reopen(decisions, id_)
    assert (decisions.match(id_).state, decisions.offer_of(id_).free) == ("released", 100)


def test_joint_shares_go_their_own_ways() -> None:
    """Of one request that three share: one is lost, one withdrawn, one stands."""
    decisions = DecisionHarness()
    need = decisions.need(quantity=90, unit="袋")
    offers = [decisions.offer(name, donor_id=f"P-{name}", unit="袋") for name in "abc"]
    ids = [decisions.propose(need, offer, 30, n) for n, offer in enumerate(offers, 1)]
    for id_ in ids:
        decisions.command(AcceptMatch(match_id=id_))
    decisions.command(DeliverMatch(match_id=ids[0]))
    decisions.command(GiveUpMatch(match_id=ids[1]))
    assert decisions.get(Need, need).remaining == 30
    replacement = decisions.propose(need, decisions.offer("d", donor_id="P-d", unit="袋"), 30, 4)
    decisions.withdraw_request()
    states = [decisions.match(id_).state for id_ in (*ids, replacement)]
    assert states == ["delivered", "released", "released", "released"]
    free = [decisions.offer_of(id_).free for id_ in (*ids, replacement)]
    assert free == [70, 100, 100, 100]


# --- rated ---


def test_confirmed_help_is_rated_once() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_confirmed()
    decisions.command(RateMatch(match_id=id_, stars=4))
    fact = decisions.last()
    assert isinstance(fact, MatchRated)
    assert (fact.stars, decisions.match(id_).stars) == (4, 4)
    assert code(decisions.command(RateMatch(match_id=id_, stars=1))) == "match_rated"
    assert decisions.match(id_).stars == 4


def test_help_that_nobody_confirmed_is_not_rated() -> None:
    decisions = DecisionHarness()
    assert (
        code(decisions.command(RateMatch(match_id=decisions.make_delivered(), stars=5)))
        == "match_delivered"
    )


def test_who_accepted_does_not_rate_himself() -> None:
    decisions = DecisionHarness()
    id_ = decisions.propose(decisions.need(unit="袋"), decisions.offer(unit="袋"), 50)
    decisions.command(AcceptMatch(match_id=id_), principal="op")
    decisions.command(DeliverMatch(match_id=id_))
    decisions.command(ConfirmMatch(match_id=id_), principal="collector")
    refused = decisions.command(RateMatch(match_id=id_, stars=5), principal="op")
    assert code(refused) == "rater_same"


# --- said for the person ---

SAW = Witness(evidence="visit")


def confirm_for(decisions: DecisionHarness, id_: str, principal: str) -> Answer | None:
    command = ConfirmMatch(match_id=id_, by_staff=True, witness=SAW)
    return decisions.command(command, principal=principal)


def make_delivered_by(*principals: str) -> tuple[DecisionHarness, str]:
    """Recorded by a, accepted by b, delivered by each of these, each time anew."""
    decisions = DecisionHarness()
    need = decisions.need(unit="袋", vouched_by=["a"])
    id_ = decisions.propose(need, decisions.offer(unit="袋"), 50)
    decisions.command(AcceptMatch(match_id=id_), principal="b")
    for principal in principals:
        if decisions.match(id_).state == "delivered":
            reopen(decisions, id_)
        decisions.command(DeliverMatch(match_id=id_), principal=principal)
    return decisions, id_


def test_who_recorded_accepted_or_ever_delivered_neither_confirms_nor_rates() -> None:
    decisions, id_ = make_delivered_by("c", "d")
    for principal in "abcd":
        assert code(confirm_for(decisions, id_, principal)) == "confirmer_same"
    answer = confirm_for(decisions, id_, "e")
    assert answer is not None
    assert answer.status == 200
    assert (decisions.match(id_).confirmed_by, decisions.match(id_).witness) == ("e", SAW)
    for principal in "abcd":
        rated = decisions.command(RateMatch(match_id=id_, stars=5), principal=principal)
        assert code(rated) == "rater_same"
    decisions.command(RateMatch(match_id=id_, stars=4), principal="e")
    assert decisions.match(id_).stars == 4


def test_who_met_the_person_for_another_request_confirms_none_of_his() -> None:
    decisions, id_ = make_delivered_by("c")
    person = decisions.match(id_).person_id
    decisions.need("r2", unit="床", vouched_by=["x"], person_id=person)
    joined = PersonJoined(person_ids=(person, person_id("r3")))
    decisions.event(person, joined)
    decisions.need("r3", unit="床", vouched_by=["y"])
    for principal in "xy":
        assert code(confirm_for(decisions, id_, principal)) == "confirmer_same"
    answer = confirm_for(decisions, id_, "e")
    assert answer is not None
    assert answer.status == 200


def test_who_meets_the_person_after_the_match_was_made_neither_confirms_nor_rates() -> None:
    """And who met him before does not because another met him since."""
    decisions, id_ = make_delivered_by("c")
    for seer in ("x", "y"):
        met = RequestClassified(
            person_id=person_id("r"),
            beneficiary_class=BeneficiaryClass.GENERAL,
            vouched_by=("a", seer),
        )
        decisions.event(decisions.match(id_).request_id, met)
    for principal in "abcxy":
        assert code(confirm_for(decisions, id_, principal)) == "confirmer_same"
    assert decisions.need_of(id_).vouched_by[-2:] == ("x", "y"), "also of what is proposed next"
    confirm_for(decisions, id_, "e")
    rated = decisions.command(RateMatch(match_id=id_, stars=5), principal="y")
    assert code(rated) == "rater_same"


def test_who_says_it_for_the_person_says_what_he_saw() -> None:
    decisions, id_ = make_delivered_by("c")
    blind = ConfirmMatch(match_id=id_, by_staff=True)
    assert code(decisions.command(blind, principal="e")) == "evidence_missing"
    confirm_for(decisions, id_, "e")
    fact = decisions.last()
    assert isinstance(fact, MatchConfirmed)
    assert fact.evidence == "visit"


def test_the_persons_own_word_needs_no_witness() -> None:
    decisions, id_ = make_delivered_by("c")
    decisions.event("reply-1", make_reply("received", id_))
    fact = decisions.last()
    assert isinstance(fact, MatchConfirmed)
    assert fact.evidence is None
