"""Whatever happened to it, every fen and thing of a gift is in exactly one place."""

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.ledger.movements import MONEY
from services.audit.reports.trace import trace_in
from tests.audit.following import followed, trace_alone, two_funds
from tests.audit.log_builder import FUND, GENERAL, LogBuilder, build_year
from tests.support.examples import count_examples

STEPS = {
    "give": (),
    "store": (),
    "promise": (),
    "hand_out": (),
    "transfer": (),
    "fee": (),
    "interest": (),
    "charge": (),
    "pay": ("commitment", "commitment_carried"),
    "release": ("commitment", "commitment_carried"),
    "refund": ("donation_received",),
    "reverse": (
        *("donation_received", "goods_received", "commitment", "disbursement", "release"),
        *("transfer", "management_fee", "refund", "goods_distributed"),
        *("bank_interest", "bank_charge"),
    ),
}
"""What may happen, and the kinds of entries it may happen to."""
Step = tuple[str, int, int, bool]
steps = st.lists(
    st.tuples(
        st.sampled_from((*STEPS, "give", "reverse")),
        st.integers(1, 100),
        st.integers(0, 12),
        st.booleans(),
    ),
    min_size=8,
    max_size=60,
)


def play(log: LogBuilder, told: list[Step]) -> None:
    """Whatever of the steps the ledger allows; `back` entries back from the last that fits."""
    for number, (step, amount, back, first) in enumerate(told):
        fund, other = (FUND, GENERAL) if first else (GENERAL, FUND)
        fitting = [each["index"] for each in log.entries if each["kind"] in STEPS[step]]
        match step:
            case "give" | "store":
                getattr(log, step)(amount, fund)
            case "promise" | "hand_out":
                getattr(log, step)(f"M-{number}", amount, fund)
            case "transfer":
                log.transfer(amount, fund, other)
            case "fee":
                log.fee(amount // 10 + 1, fund)
            case "interest":
                log.move_own("bank_interest", amount, fund)
            case "charge":
                log.move_own("bank_charge", amount, fund)
            case "reverse" if fitting:
                log.reverse(fitting[-1 - back % len(fitting)])
            case "pay" | "release" | "refund" if fitting:
                getattr(log, step)(fitting[-1 - back % len(fitting)], amount)


def played(*years: list[Step]) -> list[LogBuilder]:
    stories = [two_funds()]
    for number, told in enumerate(years):
        if number:
            stories.append(stories[-1].next_year())
        play(stories[-1], told)
    return stories


@settings(max_examples=count_examples(33, 100), deadline=None)
@given(steps, steps)
def test_every_fen_and_thing_is_in_exactly_one_place(first: list[Step], second: list[Step]) -> None:
    stories = played(first, second)
    gifts = followed(*stories)
    for gift in gifts.gifts[:3]:
        if gift.origin == "gift":
            alone = trace_alone(gift.subject, *stories)
            assert alone.to_json() == trace_in(gifts, gift.subject).to_json()
    held: Counter[Any] = Counter()
    for number, gift in enumerate(gifts.gifts):
        pieces = list(gifts.places.list_pieces(number))
        if gift.origin == "gift":
            assert sum(piece.amount for _, piece in pieces) == gift.amount
        assert all(piece.amount > 0 for _, piece in pieces)
        for place, piece in pieces:
            held[place.use, place.fund, place.unit] += piece.amount
            held["entry", place.entry, place.use] += piece.amount
        if gift.origin == "uncovered":
            held["unspent", gift.fund, gift.unit] -= sum(piece.amount for _, piece in pieces)
    for fund, book in stories[-1].books.funds.items():
        spent = sum(each.books.funds[fund].disbursed_fen for each in stories)
        costs = sum(each.books.funds[fund].fees_fen for each in stories)
        costs += sum(each.books.funds[fund].charges_fen for each in stories)
        refunded = sum(each.books.funds[fund].refunded_fen for each in stories)
        assert held["spent", fund, MONEY] == spent
        assert held["fee", fund, MONEY] == costs
        assert held["refunded", fund, MONEY] == refunded
        assert held["promised", fund, MONEY] == book.outstanding_fen
        assert held["unspent", fund, MONEY] == book.remaining_fen
    for each in stories:
        undone = each.books.reversed_entries
        for entry in each.entries:
            if entry["kind"] == "disbursement":
                paid = sum(
                    leg["amount_fen"]
                    for leg in entry["legs"]
                    if leg["account"].startswith("Expenses")
                )
                key = (each.origin, entry["index"])
                assert held["entry", key, "spent"] == (0 if entry["index"] in undone else paid)


def test_a_year_of_every_kind_adds_up() -> None:
    first = build_year(150)
    second = build_year(60, first.next_year())
    gifts = followed(first, second)
    for gift in gifts.gifts:
        found = trace_in(gifts, gift.subject)
        assert sum(found.sum_totals().values()) == sum(each.amount for each in found.gifts)
