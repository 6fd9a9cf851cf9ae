"""What posting goes by: every kind that moves something has an event, and counters that exist."""

import pytest

from services.audit.decide.posting import EVENTS, find_counters
from services.audit.ledger.kinds import KINDS
from services.audit.model import Commitment, Donation, Fund, Payable, Stock

MOVEMENTS = {name for name, kind in KINDS.items() if kind.total}


def test_every_movement_of_one_fund_has_an_event() -> None:
    assert set(EVENTS) == MOVEMENTS - {"transfer"}


@pytest.mark.parametrize("name", sorted(MOVEMENTS))
def test_a_movement_counts_on_fields_of_its_aggregates(name: str) -> None:
    counters = find_counters(KINDS[name])
    assert counters
    assert all(counter in state.model_fields for state, counter in counters.items())


def test_what_a_commitment_and_its_settlement_count() -> None:
    assert find_counters(KINDS["commitment"]) == {
        Commitment: "reserved_fen",
        Fund: "committed_fen",
    }
    assert find_counters(KINDS["disbursement"]) == {
        Commitment: "disbursed_fen",
        Fund: "disbursed_fen",
    }
    assert find_counters(KINDS["obligation"]) == {
        Commitment: "obligated_fen",
        Payable: "obligated_fen",
        Fund: "obligated_fen",
    }
    refund = find_counters(KINDS["refund"])
    assert (len(refund), refund[Donation], refund[Fund]) == (2, "refunded_fen", "refunded_fen")
    assert find_counters(KINDS["goods_distributed"]) == {Stock: "distributed"}


@pytest.mark.parametrize("name", sorted(set(KINDS) - MOVEMENTS))
def test_what_is_no_movement_counts_nothing(name: str) -> None:
    assert find_counters(KINDS[name]) == {}
