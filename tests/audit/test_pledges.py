"""Offers of money become pledges; goods do not, and nothing is counted twice."""

from datetime import UTC, datetime

from services.audit.decide.pledges import (
    decide_registered,
    decide_withdrawn,
)
from services.audit.model import Pledge
from shared.contracts.envelope import Event, Fact
from shared.contracts.events import OfferRegistered, OfferWithdrawn
from shared.messaging.decision import NOTHING, Ref, States

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
LATER = datetime(2026, 3, 9, 8, tzinfo=UTC)
NONE = States({Ref(Pledge, "O-1"): None})


def make_event(fact: Fact, at: datetime = AT) -> Event[Fact]:
    return Event(
        id="m-1",
        source="/matching",
        subject="O-1",
        sequence=1,
        time=at,
        correlation_id="C-1",
        causation_id="",
        traceparent="",
        data=fact,
    )


def offer(unit: str = "fen", fund: str | None = "warm") -> Event[OfferRegistered]:
    fact = OfferRegistered(donor_id="P-1", unit=unit, quantity=500, fund_id=fund)
    return make_event(fact)  # type: ignore[return-value]


def make_pledge(states: States = NONE) -> Pledge:
    (pledge,) = decide_registered(states, offer(), LATER).states
    assert isinstance(pledge, Pledge)
    return pledge


def withdrawal() -> Event[OfferWithdrawn]:
    return make_event(OfferWithdrawn(), LATER)  # type: ignore[return-value]


def test_an_offer_of_money_is_a_pledge_from_the_day_it_was_registered() -> None:
    pledge = make_pledge()
    assert (pledge.id, pledge.donor_id, pledge.fund_id) == ("O-1", "P-1", "warm")
    assert (pledge.amount_fen, pledge.registered_at) == (500, AT)


def test_an_offer_for_no_fund_is_pledged_to_the_general_one() -> None:
    (pledge,) = decide_registered(NONE, offer(fund=None), LATER).states
    assert isinstance(pledge, Pledge)
    assert pledge.fund_id == "general"


def test_goods_are_no_pledge() -> None:
    assert decide_registered(States({}), offer(unit="袋"), LATER) == NOTHING
    assert decide_withdrawn(NONE, withdrawal(), LATER) == NOTHING


def test_a_withdrawal_ends_it_once_and_keeps_what_was_pledged() -> None:
    states = States({Ref(Pledge, "O-1"): make_pledge()})
    (pledge,) = decide_withdrawn(states, withdrawal(), LATER).states
    assert isinstance(pledge, Pledge)
    assert (pledge.withdrawn_at, pledge.amount_fen) == (LATER, 500)
    assert decide_withdrawn(States({Ref(Pledge, "O-1"): pledge}), withdrawal(), LATER) == NOTHING
    assert decide_registered(States({Ref(Pledge, "O-1"): pledge}), offer(), LATER) == NOTHING
