"""The way to the person: delivered, confirmed, said not to have arrived, rated."""

from datetime import timedelta

import pytest

from services.matching.decide.delivery import REOPEN_DAYS
from services.matching.model.match import (
    REOPEN_REASONS,
    AcceptMatch,
    ConfirmMatch,
    DeliverMatch,
    GiveUpMatch,
    RateMatch,
    ReopenMatch,
    Scope,
)
from services.matching.model.need import Need
from shared.contracts.events import (
    MatchRated,
    MatchReleased,
    MatchReopened,
    ReplyUnderstood,
    RequestClosed,
    RequestReopened,
)
from shared.messaging.decision import NOTHING, Answer
from tests.matching.deciding import Desk, person_id, proposed
from tests.support.answers import code

WINDOW_S = timedelta(days=REOPEN_DAYS).total_seconds()


def reopen(desk: Desk, id_: str, **more: object) -> Answer:
    answer = desk.command(
        ReopenMatch.model_validate({"match_id": id_, "reason": REOPEN_REASONS[0]} | more)
    )
    assert answer is not None
    return answer


def replied(meaning: str, match_id: str | None, person: str = "r") -> ReplyUnderstood:
    return ReplyUnderstood.model_validate(
        {"person_id": person_id(person), "meaning": meaning, "match_id": match_id}
    )


def test_what_was_delivered_and_did_not_arrive_is_to_be_delivered_again() -> None:
    desk = Desk()
    id_ = desk.delivered()
    assert reopen(desk, id_).status == 200
    match, offer = desk.match(id_), desk.offer_of(id_)
    assert (match.state, match.reason) == ("committed", REOPEN_REASONS[0])
    assert (offer.reserved, offer.delivered, offer.free) == (50, 0, 50)
    assert desk.need_of(id_).remaining == 0
    fact = desk.last()
    assert isinstance(fact, MatchReopened)
    assert (fact.was, fact.reason) == ("delivered", REOPEN_REASONS[0])
    desk.command(DeliverMatch(match_id=id_))
    desk.command(ConfirmMatch(match_id=id_))
    assert (desk.match(id_).state, desk.match(id_).deliveries) == ("confirmed", 2)


def test_what_was_confirmed_and_did_not_arrive_is_asked_for_anew() -> None:
    desk = Desk()
    id_ = desk.confirmed()
    desk.event(desk.match(id_).request_id, RequestClosed(person_id=person_id("r")))
    answer = reopen(desk, id_)
    assert answer.body["state"] == desk.match(id_).state == "reopened"
    assert "冲正" in answer.body["finance"]["zh"]
    assert desk.need_of(id_).remaining == 50
    assert desk.offer_of(id_).delivered == 50, "what was paid comes back by a reversal alone"
    fact = desk.last()
    assert isinstance(fact, MatchReopened)
    assert fact.was == "confirmed"


def test_need_of_a_closed_request_looks_again_once_intake_reopened_it() -> None:
    desk = Desk()
    id_ = desk.confirmed()
    request = desk.match(id_).request_id
    desk.event(request, RequestClosed(person_id=person_id("r")))
    reopen(desk, id_)
    again = proposed(request, desk.offer("b"), 50, number=2)
    assert code(desk.command(again)) == "need_not_open"
    desk.event(request, RequestReopened(person_id=person_id("r")))
    assert desk.get(Need, request).state == "open"
    answer = desk.command(again)
    assert answer is not None
    assert answer.status == 201


def test_reopened_request_that_was_withdrawn_stays_withdrawn() -> None:
    desk = Desk()
    request = desk.need()
    desk.withdraw_request()
    assert desk.event(request, RequestReopened(person_id=person_id("r"))) is NOTHING


def test_goods_that_did_not_arrive_need_no_reversal() -> None:
    desk = Desk()
    id_ = desk.propose(desk.need(unit="袋"), desk.offer(unit="袋"), 50)
    desk.command(AcceptMatch(match_id=id_))
    desk.command(DeliverMatch(match_id=id_))
    desk.command(ConfirmMatch(match_id=id_))
    assert "finance" not in reopen(desk, id_).body


def test_reopening_ends_with_its_window_and_says_until_when_it_was_possible() -> None:
    desk = Desk()
    id_ = desk.confirmed()
    desk.later(WINDOW_S - 1)
    early = desk.match(id_)
    assert early.may_reopen(desk.now)
    desk.later(1)
    answer = reopen(desk, id_)
    assert code(answer) == "reopen_too_late"
    assert "2026-02-04 16:00" in answer.body["problems"][0]["zh"]
    assert desk.match(id_) == early


@pytest.mark.parametrize("state", ["accepted", "committed"])
def test_nothing_that_was_not_delivered_is_reopened(state: str) -> None:
    desk = Desk()
    id_ = getattr(desk, state)()
    assert code(reopen(desk, id_)) == f"match_{state}"


def test_reopened_match_is_over() -> None:
    desk = Desk()
    id_ = desk.confirmed()
    reopen(desk, id_)
    before = len(desk.facts)
    for command in (ConfirmMatch, DeliverMatch, GiveUpMatch, AcceptMatch):
        assert code(desk.command(command(match_id=id_))) == "match_reopened"
    assert code(reopen(desk, id_)) == "match_reopened"
    assert len(desk.facts) == before


def test_another_area_can_neither_reopen_nor_give_up_nor_rate() -> None:
    desk = Desk()
    id_ = desk.confirmed()
    scope = Scope(area="441900102")
    assert code(reopen(desk, id_, scope=scope)) == "match_unknown"
    assert code(desk.command(GiveUpMatch(match_id=id_, scope=scope))) == "match_unknown"
    assert code(desk.command(RateMatch(match_id=id_, scope=scope, stars=5))) == "match_unknown"


# --- replies ---


@pytest.mark.parametrize(
    ("state", "becomes"), [("delivered", "committed"), ("confirmed", "reopened")]
)
def test_reply_that_it_did_not_arrive_reopens(state: str, becomes: str) -> None:
    desk = Desk()
    id_ = getattr(desk, state)()
    desk.event("reply-1", replied("not_received", id_))
    assert desk.match(id_).state == becomes
    assert desk.names()[-1] == "MatchReopened"


def test_reply_about_anothers_or_too_late_or_too_early_changes_nothing() -> None:
    desk = Desk()
    id_ = desk.confirmed()
    assert desk.event("reply-1", replied("not_received", id_, person="other")) is NOTHING
    desk.later(WINDOW_S)
    assert desk.event("reply-2", replied("not_received", id_)) is NOTHING
    assert desk.event("reply-3", replied("opted_out", None)) is NOTHING
    early = Desk()
    assert early.event("reply-4", replied("not_received", early.committed())) is NOTHING


# --- given up ---


@pytest.mark.parametrize("state", ["committed", "delivered"])
def test_lost_donor_is_given_up_and_another_is_asked(state: str) -> None:
    desk = Desk()
    id_ = getattr(desk, state)()
    desk.command(GiveUpMatch(match_id=id_))
    fact = desk.last()
    assert isinstance(fact, MatchReleased)
    assert fact.reason == "not_arrived"
    assert (desk.offer_of(id_).free, desk.need_of(id_).remaining) == (100, 50)
    request, lost = desk.match(id_).request_id, desk.match(id_).offer_id
    assert code(desk.command(proposed(request, lost, 50, number=2))) == "donor_excluded"
    desk.propose(request, desk.offer("b", donor_id="P-other"), 50, number=2)


@pytest.mark.parametrize("state", ["accepted", "confirmed"])
def test_what_is_undecided_or_confirmed_is_not_given_up(state: str) -> None:
    desk = Desk()
    id_ = getattr(desk, state)()
    assert code(desk.command(GiveUpMatch(match_id=id_))) == f"match_{state}"


def test_delivery_for_a_withdrawn_request_that_did_not_arrive_is_released() -> None:
    desk = Desk()
    id_ = desk.delivered()
    desk.withdraw_request()
    reopen(desk, id_)
    assert (desk.match(id_).state, desk.offer_of(id_).free) == ("released", 100)


def test_joint_shares_go_their_own_ways() -> None:
    """Of one request that three share: one is lost, one withdrawn, one stands."""
    desk = Desk()
    need = desk.need(quantity=90, unit="袋")
    offers = [desk.offer(name, donor_id=f"P-{name}", unit="袋") for name in "abc"]
    ids = [desk.propose(need, offer, 30, n) for n, offer in enumerate(offers, 1)]
    for id_ in ids:
        desk.command(AcceptMatch(match_id=id_))
    desk.command(DeliverMatch(match_id=ids[0]))
    desk.command(GiveUpMatch(match_id=ids[1]))
    assert desk.get(Need, need).remaining == 30
    replacement = desk.propose(need, desk.offer("d", donor_id="P-d", unit="袋"), 30, 4)
    desk.withdraw_request()
    states = [desk.match(id_).state for id_ in (*ids, replacement)]
    assert states == ["delivered", "released", "released", "released"]
    free = [desk.offer_of(id_).free for id_ in (*ids, replacement)]
    assert free == [70, 100, 100, 100]


# --- rated ---


def test_confirmed_help_is_rated_once() -> None:
    desk = Desk()
    id_ = desk.confirmed()
    desk.command(RateMatch(match_id=id_, stars=4))
    fact = desk.last()
    assert isinstance(fact, MatchRated)
    assert (fact.stars, desk.match(id_).stars) == (4, 4)
    assert code(desk.command(RateMatch(match_id=id_, stars=1))) == "already_rated"
    assert desk.match(id_).stars == 4


def test_help_that_nobody_confirmed_is_not_rated() -> None:
    desk = Desk()
    assert code(desk.command(RateMatch(match_id=desk.delivered(), stars=5))) == "match_delivered"


def test_who_accepted_does_not_rate_himself() -> None:
    desk = Desk()
    id_ = desk.propose(desk.need(unit="袋"), desk.offer(unit="袋"), 50)
    desk.command(AcceptMatch(match_id=id_), principal="op")
    desk.command(DeliverMatch(match_id=id_))
    desk.command(ConfirmMatch(match_id=id_), principal="collector")
    refused = desk.command(RateMatch(match_id=id_, stars=5), principal="op")
    assert code(refused) == "same_person"
