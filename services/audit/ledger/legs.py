"""The legs of an entry: whether its kind allows them, whether they balance, what they move."""

from collections.abc import Iterable, Mapping
from typing import cast

from services.audit.ledger.balances import AnyLeg, FundBook
from services.audit.ledger.findings import BALANCED, WITHIN_FUND
from services.audit.ledger.kinds import Group, Part, kind_of
from services.audit.tlog.findings import BrokenError
from shared.contracts import ledger, ledger_fields

InOneFund = (
    ledger.DonationReceived
    | ledger.OpeningBalance
    | ledger.Commitment
    | ledger.Disbursement
    | ledger.Obligation
    | ledger.Payment
    | ledger.PaymentReturned
    | ledger.Release
    | ledger.ManagementFee
    | ledger.BankInterest
    | ledger.BankCharge
    | ledger.Refund
)
"""Entries whose money stays within the fund they name."""

MoneyEntry = InOneFund | ledger.Transfer

GoodsEntry = (
    ledger.GoodsReceived | ledger.GoodsDistributed | ledger.GoodsWrittenOff | ledger.GoodsCarried
)

Amounts = dict[str, tuple[Part, int]]
"""By fund: the part of the entry that its legs are, and their amount."""

Thing = tuple[str, str, str]
"""Fund, item, unit."""


def sum_amounts(entry: MoneyEntry, funds: Mapping[str, FundBook]) -> Amounts:
    """What the legs move in each fund; BrokenError unless it is what the kind allows."""
    parts = kind_of(entry).part_by_shape
    by_fund: dict[str, dict[Group, int]] = {}
    for leg in entry["legs"]:
        sums = by_fund.setdefault(leg["fund"], {})
        group = group_of(leg, entry, funds)
        sums[group] = sums.get(group, 0) + leg["amount_fen"]
    moved: Amounts = {}
    for fund, sums in by_fund.items():
        values, part = set(sums.values()), parts.get(frozenset(sums))
        if len(values) != 1 or part is None:
            raise explain_legs(entry, fund)
        moved[fund] = (part, values.pop())
    if not moved:
        raise BrokenError(BALANCED, f"a {entry['kind']} without legs", entry["index"])
    return moved


def sum_in_fund(entry: InOneFund, funds: Mapping[str, FundBook]) -> int:
    """As `sum_amounts`, of a kind that moves money within the fund it names."""
    ((fund, (_, amount)), *others) = sum_amounts(entry, funds).items()
    if others or fund != entry["fund"]:
        raise BrokenError(WITHIN_FUND, "legs in another fund than the entry's", entry["index"])
    return amount


def sum_quantities(entry: GoodsEntry, funds: Mapping[str, FundBook]) -> dict[Thing, int]:
    """How much of each thing an entry about goods moves; BrokenError as `sum_amounts` does."""
    by_thing: dict[Thing, dict[Group, int]] = {}
    for leg in entry["legs"]:
        if leg["fund"] != entry["fund"]:
            raise BrokenError(WITHIN_FUND, "legs in another fund than the entry's", entry["index"])
        sums = by_thing.setdefault((leg["fund"], leg["item"], leg["unit"]), {})
        group = group_of(leg, entry, funds)
        sums[group] = sums.get(group, 0) + leg["quantity"]
    shapes = kind_of(entry).part_by_shape
    for thing, sums in by_thing.items():
        if len(set(sums.values())) != 1 or frozenset(sums) not in shapes:
            name = " ".join(thing)
            raise BrokenError(BALANCED, f"not what a {entry['kind']} of {name} is", entry["index"])
    if not by_thing:
        raise BrokenError(BALANCED, f"a {entry['kind']} without legs", entry["index"])
    return {thing: next(iter(sums.values())) for thing, sums in by_thing.items()}


def group_of(
    leg: ledger_fields.Leg | ledger_fields.GoodsLeg,
    entry: ledger.LedgerEntry,
    funds: Mapping[str, FundBook],
) -> Group:
    """BrokenError unless the fund, and the account within it, were opened."""
    book = funds.get(leg["fund"])
    kind = book.accounts.get(leg["account"]) if book else None
    if kind is None:
        message = f"{leg['account']} of fund {leg['fund']} was not opened"
        raise BrokenError(BALANCED, message, entry["index"])
    return kind, leg["side"]


def mirror(legs: Iterable[AnyLeg]) -> list[AnyLeg]:
    """The legs that undo `legs`: the same in order and content; sides exchanged."""
    return [
        cast(AnyLeg, {**leg, "side": "credit" if leg["side"] == "debit" else "debit"})
        for leg in legs
    ]


def explain_legs(entry: MoneyEntry | ledger.FundCarried, fund: str) -> BrokenError:
    """Name the rule that legs of a wrong shape break: balance first, then balance by fund."""
    signed = [
        (leg["fund"], leg["amount_fen"] if leg["side"] == "debit" else -leg["amount_fen"])
        for leg in entry["legs"]
    ]
    if (total := sum(amount for _, amount in signed)) != 0:
        return BrokenError(BALANCED, f"debits exceed credits by {total} fen", entry["index"])
    if (total := sum(amount for each, amount in signed if each == fund)) != 0:
        message = f"debits exceed credits by {total} fen in fund {fund}"
        return BrokenError(WITHIN_FUND, message, entry["index"])
    return BrokenError(BALANCED, f"not the accounts of a {entry['kind']}", entry["index"])
