"""After acceptance: the fund answers, help is delivered, the person confirms, or it falls."""

import pytest

from services.matching.model.match import AcceptMatch, ConfirmMatch, DeliverMatch, Scope
from services.matching.model.need import Need
from shared.contracts.events import (
    LedgerCommitted,
    LedgerRefused,
    MatchReleased,
    ReplyUnderstood,
    RequestClosed,
)
from shared.errors import Invalid
from shared.messaging.decision import NOTHING
from tests.matching.deciding import FUND, Desk, ledger, person_id, proposed, request_id


def received(match_id: str | None, person: str = "r") -> ReplyUnderstood:
    return ReplyUnderstood(person_id=person_id(person), meaning="received", match_id=match_id)


def test_committed_by_the_fund_it_stands() -> None:
    desk = Desk()
    id_ = desk.committed()
    assert desk.match(id_).state == "committed"
    assert desk.names()[-1] == "MatchCommitted"


@pytest.mark.parametrize("reason", ["insufficient_funds", "unknown_fund", "outside_terms"])
def test_refusal_of_the_fund_reopens_the_need_for_every_other_fund(reason: str) -> None:
    desk = Desk()
    id_ = desk.accepted()
    same, other = desk.offer("same", fund_id=FUND), desk.offer("other", fund_id="fund-2")
    refused = ledger(LedgerRefused, 50).model_copy(update={"reason": reason})
    desk.event(id_, refused)
    fact = desk.last()
    assert isinstance(fact, MatchReleased)
    assert fact.reason == "refused_by_fund"
    need = desk.need_of(id_)
    assert (need.remaining, need.excluded_funds) == (50, (FUND,))
    assert desk.offer_of(id_).free == 100
    for offer in (desk.match(id_).offer_id, same):
        answer = desk.command(proposed(need.id, offer, 50, number=2))
        assert answer is not None
        assert answer.body["problems"][0]["code"] == "fund_excluded"
    desk.propose(desk.need("another"), same, 50)
    desk.propose(need.id, other, 50, number=2)


def test_refused_donation_is_not_matchings() -> None:
    assert Desk().event("D-1", ledger(LedgerRefused, 50)) is NOTHING


@pytest.mark.parametrize("reason", ["not_committed", "id_reused"])
@pytest.mark.parametrize("state", ["accepted", "committed", "delivered", "confirmed"])
def test_refusal_of_something_else_than_the_commitment_changes_nothing(
    reason: str, state: str
) -> None:
    desk = Desk()
    id_ = getattr(desk, state)()
    told = ledger(LedgerRefused, 49).model_copy(update={"reason": reason})
    assert desk.event(id_, told) is NOTHING
    assert desk.match(id_).state == state


def test_ledger_that_speaks_of_another_amount_is_invalid() -> None:
    desk = Desk()
    id_ = desk.accepted()
    with pytest.raises(Invalid):
        desk.event(id_, ledger(LedgerCommitted, 49))


def test_answer_of_the_fund_twice_changes_nothing() -> None:
    desk = Desk()
    id_ = desk.delivered()
    assert desk.event(id_, ledger(LedgerCommitted, 50)) is NOTHING
    assert desk.event(id_, ledger(LedgerRefused, 50)) is NOTHING


def test_delivery_moves_the_quantity_from_reserved_to_delivered() -> None:
    desk = Desk()
    id_ = desk.delivered()
    offer = desk.offer_of(id_)
    assert (offer.reserved, offer.delivered, offer.free) == (0, 50, 50)
    assert desk.need_of(id_).remaining == 0


def test_nothing_is_delivered_before_it_is_committed() -> None:
    desk = Desk()
    answer = desk.command(DeliverMatch(match_id=desk.accepted()))
    assert answer is not None
    assert answer.status == 409


def test_staff_confirm_what_was_delivered() -> None:
    desk = Desk()
    id_ = desk.confirmed()
    assert desk.match(id_).state == "confirmed"
    assert desk.names()[-2:] == ["MatchDelivered", "MatchConfirmed"]


def test_who_accepted_cannot_confirm() -> None:
    desk = Desk()
    id_ = desk.propose(desk.need(unit="袋"), desk.offer(unit="袋"), 50)
    desk.command(AcceptMatch(match_id=id_), principal="op")
    desk.command(DeliverMatch(match_id=id_), principal="op")
    refused = desk.command(ConfirmMatch(match_id=id_), principal="op")
    assert refused is not None
    assert (refused.status, refused.body["problems"][0]["code"]) == (409, "same_person")
    assert desk.match(id_).state == "delivered"
    desk.command(ConfirmMatch(match_id=id_), principal="collector")
    assert (desk.match(id_).state, desk.match(id_).accepted_by) == ("confirmed", "op")


def test_another_area_cannot_confirm() -> None:
    desk = Desk()
    id_ = desk.delivered()
    answer = desk.command(ConfirmMatch(match_id=id_, scope=Scope(area="441900102")))
    assert answer is not None
    assert answer.status == 404


def test_reply_of_the_person_confirms() -> None:
    desk = Desk()
    id_ = desk.delivered()
    desk.event("reply-1", received(id_))
    assert desk.match(id_).state == "confirmed"


def test_reply_of_another_or_too_early_or_about_nothing_changes_nothing() -> None:
    desk = Desk()
    id_ = desk.delivered()
    assert desk.event("reply-1", received(id_, person="other")) is NOTHING
    assert desk.event("reply-2", received(None)) is NOTHING
    early = Desk()
    assert early.event("reply-3", received(early.committed())) is NOTHING


def test_withdrawn_request_frees_all_that_is_not_delivered() -> None:
    desk = Desk()
    need = desk.need(quantity=90)
    first, second = desk.offer("a"), desk.offer("b")
    ids = [desk.propose(need, first, 40, 1), desk.propose(need, second, 50, 2)]
    desk.withdraw_request()
    assert [desk.match(id_).state for id_ in ids] == ["released", "released"]
    assert [desk.offer_of(id_).free for id_ in ids] == [100, 100]
    assert desk.get(Need, need).state == "withdrawn"
    answer = desk.command(proposed(need, first, 10, 3))
    assert answer is not None
    assert answer.status == 409


def test_withdrawn_request_releases_committed_money_and_leaves_delivered() -> None:
    committed, delivered = Desk(), Desk()
    one, other = committed.committed(), delivered.delivered()
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
    desk = Desk()
    id_ = desk.accepted()
    desk.withdraw_request()
    assert (desk.match(id_).state, desk.match(id_).kept) == ("accepted", "request_withdrawn")
    assert desk.offer_of(id_).reserved == 50
    desk.event(id_, ledger(answer, 50))
    fact = desk.last()
    assert isinstance(fact, MatchReleased)
    assert fact.reason == reason
    assert desk.offer_of(id_).free == 100
    assert "MatchCommitted" not in desk.names()


def test_closed_request_is_matched_no_more() -> None:
    desk = Desk()
    need, offer = desk.need(), desk.offer()
    desk.event(need, RequestClosed(person_id=person_id("r")))
    answer = desk.command(proposed(need, offer, 10))
    assert answer is not None
    assert answer.status == 409


def test_withdrawal_of_a_request_never_opened_changes_nothing() -> None:
    desk = Desk()
    desk.withdraw_request("never")
    assert desk.facts == []


def test_request_opened_twice_is_one_need() -> None:
    desk = Desk()
    need = desk.need()
    desk.propose(need, desk.offer(), 30)
    desk.need()
    assert desk.get(Need, request_id("r")).remaining == 20
