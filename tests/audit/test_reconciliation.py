"""Pledge, bank and ledger: what does not match, and for how long."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.model import Donation, Pledge
from services.audit.statements.reconciliation import AGES, Gap, Reconciliation, find_gaps
from shared.contracts.events import StatementRow

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LISTED = (StatementRow(statement="bank.csv", row=2),)


def pledge(fen: int, days: int = 10, *, withdrawn: bool = False, id_: str = "O-1") -> Pledge:
    return Pledge(
        id=id_,
        donor_id="P-1",
        fund_id="warm",
        amount_fen=fen,
        registered_at=NOW - timedelta(days=days),
        withdrawn_at=NOW if withdrawn else None,
    )


def gift(fen: int, days: int = 5, id_: str = "D-1", **other: object) -> Donation:
    return Donation.model_validate(
        {
            "id": id_,
            "donor_id": "P-1",
            "fund_id": "warm",
            "foundation": "f",
            "amount_fen": fen,
            "received_at": NOW - timedelta(days=days),
            "reference": id_,
            "log": "l",
            "entry": 0,
            "statements": LISTED,
        }
        | other
    )


def list_gaps(pledges: list[Pledge], gifts: list[Donation]) -> list[tuple[str, str, int]]:
    return [(gap.kind, gap.id, gap.amount_fen) for gap in find_gaps(pledges, gifts)]


def test_a_pledge_that_arrived_leaves_nothing_open() -> None:
    assert list_gaps([pledge(500)], [gift(200, id_="D-1"), gift(300, id_="D-2")]) == []


def test_the_oldest_pledge_is_answered_first() -> None:
    pledges = [pledge(500, days=10, id_="new"), pledge(300, days=90, id_="old")]
    assert list_gaps(pledges, [gift(400)]) == [("pledged_not_arrived", "new", 400)]


def test_what_came_beyond_the_pledges_is_named() -> None:
    gifts = [gift(300, days=9, id_="D-1"), gift(400, days=3, id_="D-2")]
    assert list_gaps([pledge(500)], gifts) == [("arrived_not_pledged", "D-2", 200)]


def test_a_withdrawn_pledge_is_not_awaited_and_answers_for_what_came() -> None:
    assert list_gaps([pledge(500, withdrawn=True)], [gift(200)]) == []


def test_a_refund_opens_the_pledge_again() -> None:
    assert list_gaps([pledge(500)], [gift(500, refunded_fen=100)]) == [
        ("pledged_not_arrived", "O-1", 100)
    ]


def test_a_refused_gift_is_on_the_statement_and_not_on_the_ledger() -> None:
    assert list_gaps([], [gift(500, refused=True)]) == [("listed_not_on_ledger", "D-1", 500)]


def test_a_reversed_gift_is_on_the_statement_and_not_on_the_ledger() -> None:
    assert list_gaps([pledge(500)], [gift(500, undone=True)]) == [
        ("pledged_not_arrived", "O-1", 500),
        ("listed_not_on_ledger", "D-1", 500),
    ]


def test_an_entry_in_no_statement_is_named() -> None:
    assert ("on_ledger_not_listed", "D-1", 500) in list_gaps([], [gift(500, statements=())])


@pytest.mark.parametrize(
    ("days", "age"),
    [(-1, 0), (0, 0), (30, 0), (31, 1), (60, 1), (61, 2), (90, 2), (91, 3), (1000, 3)],
)
def test_gaps_age_in_steps_of_thirty_days(days: int, age: int) -> None:
    gap = Gap("pledged_not_arrived", "O-1", "P-1", "warm", 5, NOW - timedelta(days=days))
    assert gap.find_age(NOW) == AGES[age]


def test_totals_stand_by_fund_and_the_oldest_gaps_are_named_first() -> None:
    reconciliation = Reconciliation(NOW, limit=2)
    reconciliation.add([pledge(500, days=100), pledge(70, withdrawn=True, id_="O-2")], [])
    for days in (40, 80, 3):
        reconciliation.add([], [gift(100, days=days, id_=f"D-{days}")])
    json = reconciliation.to_json()
    assert json["checked"] == {"pledges": 2, "gifts": 3}
    (fund,) = json["funds"]
    assert (fund["pledged_fen"], fund["withdrawn_fen"]) == (500, 70)
    assert (fund["listed_fen"], fund["ledger_fen"]) == (300, 300)
    assert (fund["pledged_not_arrived_fen"], fund["arrived_not_pledged_fen"]) == (500, 300)
    assert [gap["id"] for gap in json["gaps"]] == ["O-1", "D-80"]
    ages = json["ageing"]["arrived_not_pledged"]
    assert [ages[age]["count"] for age in AGES] == [1, 1, 1, 0]


AMOUNTS = st.lists(st.integers(1, 1000), max_size=5)


@given(pledged=AMOUNTS, arrived=AMOUNTS)
def test_what_is_open_is_exactly_the_difference(pledged: list[int], arrived: list[int]) -> None:
    pledges = [pledge(fen, days=n, id_=f"O-{n}") for n, fen in enumerate(pledged)]
    gifts = [gift(fen, days=n, id_=f"D-{n}") for n, fen in enumerate(arrived)]
    sums = {"pledged_not_arrived": 0, "arrived_not_pledged": 0}
    for kind, _, fen in list_gaps(pledges, gifts):
        sums[kind] += fen
    assert sums["pledged_not_arrived"] == max(sum(pledged) - sum(arrived), 0)
    assert sums["arrived_not_pledged"] == max(sum(arrived) - sum(pledged), 0)
