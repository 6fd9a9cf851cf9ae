"""Claims (认领): a donor takes from the menu himself, alone or with others; never too much."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.model.match import ClaimNeed, DeclineMatch, Match
from services.matching.model.match_id import build_match_id
from services.matching.model.need import Need
from services.matching.model.offer import Offer, PauseOffer
from shared.contracts.events import MatchAccepted, MatchCommitted, MatchProposed
from shared.messaging.decision import Answer
from shared.scope import Scope
from tests.matching.decisions import FUND, NO_CAPACITY, DecisionHarness, make_propose
from tests.support.answers import code

RICE: dict[str, Any] = {"unit": "袋", "item": "大米"}


def claim(
    decisions: DecisionHarness, request: str, offer: str, quantity: int, **scope: Any
) -> Answer:
    command = ClaimNeed(
        request_id=request, offer_id=offer, quantity=quantity, scope=Scope.model_validate(scope)
    )
    answer = decisions.command(command, principal="partner")
    assert answer is not None
    return answer


def test_claimed_money_is_proposed_and_accepted_at_once_and_waits_for_the_fund() -> None:
    decisions = DecisionHarness()
    need, offer = decisions.need(), decisions.offer(fund_id=FUND, mode="claim", name_shown=True)
    answer = claim(decisions, need, offer, 30)
    assert (answer.status, answer.body["state"]) == (201, "accepted")
    match = decisions.match(build_match_id(need, offer, 1))
    assert (match.quantity, match.accepted_by, match.due_at) == (30, "partner", None)
    assert (decisions.offer_of(match.id).reserved, decisions.need_of(match.id).remaining) == (
        30,
        20,
    )
    asked, accepted = (fact for _, fact in decisions.facts[-2:])
    assert isinstance(asked, MatchProposed)
    assert isinstance(accepted, MatchAccepted)
    assert asked.claimed, "so that nobody asks him"
    assert accepted.name_shown


def test_claimed_goods_stand_at_once() -> None:
    decisions = DecisionHarness()
    answer = claim(decisions, decisions.need(**RICE), decisions.offer(mode="both", **RICE), 30)
    assert answer.body["state"] == "committed"
    assert [type(fact) for _, fact in decisions.facts[-3:]] == [
        MatchProposed,
        MatchAccepted,
        MatchCommitted,
    ]


def test_several_donors_share_one_request_and_no_more_than_it_needs() -> None:
    decisions = DecisionHarness()
    need = decisions.need(quantity=50)
    offers = [decisions.offer(n, donor_id=f"P-{n}", mode="claim") for n in "abc"]
    assert claim(decisions, need, offers[0], 20).status == 201
    assert claim(decisions, need, offers[1], 20).status == 201
    assert code(claim(decisions, need, offers[2], 11)) == "need_exceeded"
    assert claim(decisions, need, offers[2], 10).status == 201
    assert decisions.get(Need, need).remaining == 0
    assert {parts.donor_id for parts in _matches(decisions)} == {"P-a", "P-b", "P-c"}


def _matches(decisions: DecisionHarness) -> list[Match]:
    return [state for state in decisions.states.values() if isinstance(state, Match)]


@pytest.mark.parametrize(
    ("offer", "quantity", "obstacle"),
    [
        ({"mode": "push"}, 10, "offer_not_for_claim"),
        ({"quantity": 20}, 21, "offer_exceeded"),
        ({"cap_per_request": 20}, 21, "cap_exceeded"),
        ({"categories": ["meals"]}, 10, "offer_unsuitable"),
        ({"beneficiary_classes": ["veteran"]}, 10, "offer_unsuitable"),
        ({"town_codes": ["441900102"]}, 10, "offer_unsuitable"),
        ({"unit": "袋", "item": "大米"}, 10, "unit_differs"),
        ({"valid_from": "2026-02-01T00:00:00Z"}, 10, "offer_not_open"),
    ],
)
def test_claim_that_the_offer_is_not_for_is_refused_in_chinese_first(
    offer: dict[str, Any], quantity: int, obstacle: str
) -> None:
    decisions = DecisionHarness()
    answer = claim(
        decisions, decisions.need(), decisions.offer(**({"mode": "claim"} | offer)), quantity
    )
    assert (answer.status, code(answer)) == (409, obstacle)
    assert not answer.body["problems"][0]["zh"].isascii()


def test_offer_for_claiming_alone_is_never_proposed() -> None:
    decisions = DecisionHarness()
    answer = decisions.command(make_propose(decisions.need(), decisions.offer(mode="claim"), 10))
    assert answer is not None
    assert code(answer) == "offer_not_for_proposal"


def test_paused_offer_is_neither_proposed_nor_claimed() -> None:
    decisions = DecisionHarness()
    need, offer = decisions.need(), decisions.offer(mode="both")
    decisions.command(PauseOffer(offer_id=offer))
    assert code(claim(decisions, need, offer, 10)) == "offer_not_open"
    answer = decisions.command(make_propose(need, offer, 10))
    assert answer is not None
    assert code(answer) == "offer_not_open"


def test_who_declined_the_proposal_does_not_claim_it_afterwards() -> None:
    decisions = DecisionHarness()
    need, offer = decisions.need(), decisions.offer(mode="both")
    id_ = decisions.propose(need, offer, 10)
    decisions.command(DeclineMatch(match_id=id_, reason=NO_CAPACITY))
    assert code(claim(decisions, need, offer, 10)) == "donor_excluded"


@pytest.mark.parametrize("scope", [{"source": "/partners/other"}, {"area": "441900102"}])
def test_claim_with_what_the_caller_may_not_see_is_unknown(scope: dict[str, str]) -> None:
    decisions = DecisionHarness()
    answer = claim(decisions, decisions.need(), decisions.offer(mode="claim"), 10, **scope)
    assert (answer.status, code(answer)) == (404, "pair_unknown")


def test_claim_of_a_request_that_nobody_made_is_unknown() -> None:
    decisions = DecisionHarness()
    assert code(claim(decisions, "R-1", decisions.offer(mode="claim"), 10)) == "pair_unknown"


@given(
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=4),
    claims=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(1, 40)), max_size=25
    ),
)
def test_no_sequence_of_claims_takes_more_than_there_is(
    sizes: list[int], claims: list[tuple[int, int, int]]
) -> None:
    decisions = DecisionHarness()
    offers = [decisions.offer(str(n), size, mode="claim") for n, size in enumerate(sizes)]
    needs = [decisions.need(str(n), 50) for n in range(2)]
    for offer, need, quantity in claims:
        claim(decisions, needs[need], offers[offer % len(offers)], quantity)
    taken = _matches(decisions)
    for size, id_ in zip(sizes, offers, strict=True):
        given_ = sum(m.quantity for m in taken if m.offer_id == id_)
        assert given_ == decisions.get(Offer, id_).reserved <= size
    for id_ in needs:
        got = sum(m.quantity for m in taken if m.request_id == id_)
        assert got == 50 - decisions.get(Need, id_).remaining <= 50
