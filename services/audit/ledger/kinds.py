"""The kinds of entry: one row each, and everything that goes by an entry's kind follows from it.

Builders (`ledger.entries`), the shapes a verifier allows (`ledger.legs`), what an entry adds to its
fund (`ledger.counting`), undoing, the journals (`exports`), the way of gifts and the figures of
disclosure (`reports`) all read this table. `docs/how-to/add-a-kind-of-entry.md` adds one.
"""

from dataclasses import dataclass, field
from typing import Literal

from services.audit.ledger.accounts import CLASSES
from shared.contracts.ledger import LedgerEntry
from shared.contracts.ledger_fields import Side

Group = tuple[str, Side]
"""An account's class and the side of a leg on it."""
Shape = frozenset[Group]
Moves = Literal["nothing", "money", "goods"]
Direction = Literal["entering", "leaving", "promising", "returning"]
"""Which legs are disclosed: into bank or store, out of it, those that reserve, or what had left the
bank and came back."""
Flow = Literal[
    "arrives",
    "brought_forward",
    "fee",
    "begun",
    "earned",
    "lost",
    "moved",
    "owed",
    "paid",
    "paid_owed",
    "promised",
    "refunded",
    "released",
    "returned",
    "spent",
]
"""What becomes of the pieces of gifts: see `reports.flow`."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two legs of one amount, by the roles of their accounts (`FundAccounts`)."""

    debit: str
    credit: str


@dataclass(frozen=True, slots=True)
class Part:
    """The legs of one amount in one fund. sign: how the amount counts in the fund's total."""

    pairs: tuple[Pair, ...]
    sign: int = 1
    shape: Shape = field(init=False)

    def __post_init__(self) -> None:
        groups: list[Group] = []
        for pair in self.pairs:
            groups += [(CLASSES[pair.debit], "debit"), (CLASSES[pair.credit], "credit")]
        object.__setattr__(self, "shape", frozenset(groups))


@dataclass(frozen=True, slots=True)
class EntryKind:
    """One kind of entry.

    parts: its legs; a transfer has a part for each of its two funds, what is brought forward one
    for what lies at the bank and one for what of it is committed.
    total: the total of the fund (of the stock, for goods) that the amount adds to.
    commitment: the total of the commitment it adds to. payable: that of what is owed for it.
    covered: it may not use more than the fund has; a restricted fund is never below zero at all.
    within_terms: what it is spent on must be within the fund's terms.
    disclosed: the figures it counts as, by direction. listed: the list of disclosure it stands in.
    traced: what it does to the pieces of gifts.
    receipt: what a donor's receipt calls it. roles: of the accounts that its legs are on.
    """

    name: str
    zh: str
    moves: Moves = "nothing"
    parts: tuple[Part, ...] = ()
    total: str = ""
    commitment: str = ""
    payable: str = ""
    covered: bool = False
    within_terms: bool = False
    reversible: bool = False
    disclosed: tuple[tuple[Direction, str], ...] = ()
    listed: str = ""
    traced: Flow | None = None
    receipt: str = ""
    part_by_shape: dict[Shape, Part] = field(init=False, repr=False, compare=False)
    roles: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pairs = [pair for part in self.parts for pair in part.pairs]
        roles = frozenset(role for pair in pairs for role in (pair.debit, pair.credit))
        object.__setattr__(self, "roles", roles)
        object.__setattr__(self, "part_by_shape", {part.shape: part for part in self.parts})

    @property
    def en(self) -> str:
        return self.name.replace("_", " ")

    @property
    def title(self) -> str:
        return f"{self.zh} {self.en}"

    @property
    def is_transaction(self) -> bool:
        """Money comes to the bank, leaves it, or changes funds there."""
        return bool(self.total) and "bank" in self.roles


RESERVED = Part((Pair("reserve", "commitments"),))
UNRESERVED = Pair("commitments", "reserve")
BROUGHT_FORWARD = Part((Pair("bank", "net_assets"),))
OWED_FORWARD = Part((Pair("net_assets", "payables"),))
OVERDRAWN_FORWARD = Part((Pair("net_assets", "bank"),))
"""Of a fund whose gifts the bank took back after they were paid out."""

_ROWS = (
    EntryKind(
        "fund_opened",
        "设立基金",
    ),
    EntryKind(
        "opening_balance",
        "期初余额",
        moves="money",
        parts=(BROUGHT_FORWARD,),
        total="brought_forward_fen",
        reversible=True,
        disclosed=(("entering", "opening"),),
        traced="begun",
    ),
    EntryKind(
        "fund_carried",
        "基金结转",
        moves="money",
        parts=(BROUGHT_FORWARD, RESERVED, OWED_FORWARD, OVERDRAWN_FORWARD),
        traced="brought_forward",
    ),
    EntryKind(
        "commitment_carried",
        "承诺结转",
        traced="brought_forward",
    ),
    EntryKind(
        "goods_carried",
        "物资结转",
        moves="goods",
        parts=(Part((Pair("goods", "net_assets"),)),),
        traced="brought_forward",
    ),
    EntryKind(
        "donation_received",
        "收到捐赠",
        moves="money",
        parts=(Part((Pair("bank", "donations"),)),),
        total="received_fen",
        reversible=True,
        disclosed=(("entering", "received"),),
        traced="arrives",
        receipt="捐款入账 donation received",
    ),
    EntryKind(
        "goods_received",
        "收到物资",
        moves="goods",
        parts=(Part((Pair("goods", "goods_donations"),)),),
        total="received",
        reversible=True,
        disclosed=(("entering", "received"),),
        traced="arrives",
        receipt="物资入库 goods received",
    ),
    EntryKind(
        "commitment",
        "承诺资助",
        moves="money",
        parts=(RESERVED,),
        total="committed_fen",
        commitment="reserved_fen",
        covered=True,
        within_terms=True,
        reversible=True,
        disclosed=(("promising", "committed"),),
        traced="promised",
    ),
    EntryKind(
        "disbursement",
        "拨付",
        moves="money",
        parts=(Part((Pair("programme", "bank"), UNRESERVED)),),
        total="disbursed_fen",
        commitment="disbursed_fen",
        reversible=True,
        disclosed=(("promising", "disbursed"),),
        traced="paid",
    ),
    EntryKind(
        "accounts_opened",
        "增设科目",
    ),
    EntryKind(
        "obligation",
        "确认应付",
        moves="money",
        parts=(Part((Pair("programme", "payables"), UNRESERVED)),),
        total="obligated_fen",
        commitment="obligated_fen",
        payable="obligated_fen",
        reversible=True,
        traced="owed",
    ),
    EntryKind(
        "payment",
        "银行付款",
        moves="money",
        parts=(Part((Pair("payables", "bank"),)),),
        total="paid_fen",
        payable="paid_fen",
        disclosed=(("leaving", "disbursed"),),
        traced="paid_owed",
    ),
    EntryKind(
        "payment_returned",
        "退汇",
        moves="money",
        parts=(Part((Pair("bank", "payables"),)),),
        total="returned_fen",
        payable="returned_fen",
        disclosed=(("returning", "disbursed"),),
        traced="returned",
    ),
    EntryKind(
        "release",
        "承诺撤销",
        moves="money",
        parts=(Part((UNRESERVED,)),),
        total="released_fen",
        commitment="released_fen",
        reversible=True,
        disclosed=(("promising", "released"),),
        traced="released",
    ),
    EntryKind(
        "goods_distributed",
        "发放物资",
        moves="goods",
        parts=(Part((Pair("goods_programme", "goods"),)),),
        total="distributed",
        within_terms=True,
        reversible=True,
        disclosed=(("leaving", "distributed"),),
        traced="spent",
    ),
    EntryKind(
        "goods_written_off",
        "物资核销",
        moves="goods",
        parts=(Part((Pair("goods_programme", "goods"),)),),
        total="written_off",
        reversible=True,
        disclosed=(("leaving", "written_off"),),
        traced="lost",
    ),
    EntryKind(
        "transfer",
        "基金间划转",
        moves="money",
        parts=(Part((Pair("transfers", "bank"),), -1), Part((Pair("bank", "transfers"),), 1)),
        total="transferred_fen",
        covered=True,
        reversible=True,
        disclosed=(("entering", "transferred_in"), ("leaving", "transferred_out")),
        listed="transfers",
        traced="moved",
    ),
    EntryKind(
        "management_fee",
        "管理费",
        moves="money",
        parts=(Part((Pair("management", "bank"),)),),
        total="fees_fen",
        covered=True,
        reversible=True,
        disclosed=(("leaving", "fees"),),
        traced="fee",
    ),
    EntryKind(
        "bank_interest",
        "银行利息",
        moves="money",
        parts=(Part((Pair("bank", "interest"),)),),
        total="interest_fen",
        reversible=True,
        disclosed=(("entering", "interest"),),
        traced="earned",
    ),
    EntryKind(
        "bank_charge",
        "银行手续费",
        moves="money",
        parts=(Part((Pair("management", "bank"),)),),
        total="charges_fen",
        covered=True,
        reversible=True,
        disclosed=(("leaving", "charges"),),
        traced="fee",
    ),
    EntryKind(
        "refund",
        "退回捐赠",
        moves="money",
        parts=(Part((Pair("donations", "bank"),)),),
        total="refunded_fen",
        covered=True,
        reversible=True,
        disclosed=(("leaving", "refunded"),),
        listed="refunds",
        traced="refunded",
    ),
    EntryKind(
        "reversal",
        "冲销更正",
    ),
    EntryKind(
        "refusal",
        "拒绝",
        receipt="未入账 refused",
    ),
)

KINDS: dict[str, EntryKind] = {row.name: row for row in _ROWS}


def kind_of(entry: LedgerEntry) -> EntryKind:
    return KINDS[entry["kind"]]
