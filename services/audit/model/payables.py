"""What is due to who gave the help (应付), and the orders by which it is paid. Integer fen.

A payable is paid by an order: proposed by one, approved by another, written into the bank's file,
and closed by the line of the bank's statement that has its reference.
"""

import hashlib
import re
from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, computed_field

from services.audit.ledger.balances import PayableArithmetic
from services.audit.model.proposal import Approval, Proposal
from services.audit.model.states import DatedState, PlacedState
from shared.contracts.values import Fen, Identifier, PositiveFen, Value, Whole
from shared.messaging.decision import State

PayeeKind = Literal["person", "shop", "institution"]
LINES_MAX = 200
"""Of one order, so that it is one file a person can look through."""
_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
ORDER_ID_LENGTH = 12
_REFERENCE = re.compile(rf"(GJ[{_ALPHABET}]{{{ORDER_ID_LENGTH - 2}}})[-－ ]?([0-9]{{3}})(?![0-9])")


class Payee(State):
    """Who is paid. Its id says which account it is, so what was approved cannot change under it.

    account: sealed under its id (`AccountSecrets`). number_digest, tail_digest: keyed, of the
    account's number and of its end, to compare a bank's line with.
    """

    COLLECTION: ClassVar[str] = "payees"

    kind: PayeeKind
    account: bytes
    number_digest: str
    tail_digest: str

    def is_account(self, digest: str) -> bool:
        """Of a bank's line that has an account; one that has none says nothing against it."""
        return digest in ("", self.number_digest, self.tail_digest)


class Payable(PayableArithmetic, DatedState, PlacedState):
    """Has the id of its match. log and entry: of the obligation.

    order_id: of the order it is in, until that is cancelled or the money came back. held: its match
    fell, so it is not paid; finance reverses the obligation. named_by: who said whose account it
    is; he approves no order that pays to it. question_ids: of lines of the bank that name a line of
    any order of it and are not answered: it may have been paid.
    """

    COLLECTION: ClassVar[str] = "payables"

    fund_id: str
    foundation: str
    donor_id: str
    request_id: str = ""
    due_at_day: datetime
    obligated_fen: Fen = 0
    paid_fen: Fen = 0
    returned_fen: Fen = 0
    payee_id: str = ""
    named_by: str = ""
    order_id: str = ""
    held: bool = False
    question_ids: tuple[str, ...] = ()

    @computed_field  # type: ignore[prop-decorator]  # stored, so that finance finds what is due
    @property
    def owed_fen(self) -> int:
        return super().owed_fen

    @property
    def is_sound(self) -> bool:
        """No more is paid than is due, and no more came back than was paid."""
        return self.owed_fen >= 0 and self.paid_fen >= self.returned_fen

    @property
    def is_unordered(self) -> bool:
        return self.owed_fen > 0 and not self.order_id

    @property
    def is_free(self) -> bool:
        """It may be put into an order, or its account may be named."""
        return self.is_unordered and not self.is_stopped

    @property
    def is_stopped(self) -> bool:
        """No bank is told to pay it now."""
        return self.held or bool(self.question_ids)

    def with_question(self, question_id: str) -> Self:
        ids = tuple(dict.fromkeys((*self.question_ids, question_id)))
        return self.model_copy(update={"question_ids": ids})

    def without_question(self, question_id: str) -> Self:
        ids = tuple(id_ for id_ in self.question_ids if id_ != question_id)
        return self.model_copy(update={"question_ids": ids})


LineState = Literal["waiting", "paid", "returned", "released"]
"""released: two people say that the bank refused it and nothing left the account."""


class OrderLine(Value):
    """One payment of an order, of all that is owed for a match. question_ids: of lines of the bank
    that name it, fit it not, and are not answered: it may have been paid. is_paid_again: the bank
    paid it, and then stated one payment more. bank_reference: of its newest line of the bank;
    paid_reference: of the one that paid it, whether or not it came back."""

    match_id: Identifier
    fund_id: str
    payee_id: str
    amount_fen: PositiveFen
    state: LineState = "waiting"
    bank_reference: str = ""
    paid_reference: str = ""
    question_ids: tuple[str, ...] = ()
    is_paid_again: bool = False


class PaymentOrder(Proposal):
    """Payables that are paid together. Its id stands in the bank's file.

    exported_at: since then it is the bank's, and it ends line by line. cancelled_by: who asked to
    take it back before that; another does it. taken_by, taken_at: who has its file, and since when;
    nobody else is given it. reissued_by: who asked that it be given out anew; another does it.
    copies: how often it was given out.
    """

    COLLECTION: ClassVar[str] = "payment_orders"

    foundation: str
    lines: tuple[OrderLine, ...]
    exported_at: datetime | None = None
    exported_by: str = ""
    cancelled_by: str = ""
    taken_by: str = ""
    taken_at: datetime | None = None
    reissued_by: str = ""
    copies: Whole = 0

    @computed_field  # type: ignore[prop-decorator]  # stored, so that finance finds what waits
    @property
    def is_waiting(self) -> bool:
        """For the bank: some of it is exported and not paid."""
        return self.exported_at is not None and any(each.state == "waiting" for each in self.lines)

    @property
    def sum_fen(self) -> int:
        return sum(line.amount_fen for line in self.lines)

    def format_reference(self, number: int) -> str:
        """Of a line, from 1: what stands in its 附言."""
        return format_payment_reference(self.id, number)

    def find_line(self, number: int) -> OrderLine | None:
        return self.lines[number - 1] if 0 < number <= len(self.lines) else None

    def with_line(self, number: int, state: LineState, bank_reference: str) -> Self:
        paid = {"paid_reference": bank_reference} if state == "paid" else {}
        return self._replace_line(number, state=state, bank_reference=bank_reference, **paid)

    def with_question(self, number: int, question_id: str, *, is_paid_again: bool) -> Self:
        line = self.lines[number - 1]
        return self._replace_line(
            number,
            question_ids=tuple(dict.fromkeys((*line.question_ids, question_id))),
            is_paid_again=line.is_paid_again or is_paid_again,
        )

    def without_question(self, number: int, question_id: str) -> Self:
        ids = (id_ for id_ in self.lines[number - 1].question_ids if id_ != question_id)
        return self._replace_line(number, question_ids=tuple(ids))

    def _replace_line(self, number: int, **changes: object) -> Self:
        line = self.lines[number - 1].model_copy(update=changes)
        lines = (*self.lines[: number - 1], line, *self.lines[number:])
        return self.model_copy(update={"lines": lines})

    def to_json(self) -> dict[str, object]:
        return self.model_dump(mode="json", exclude={"due_at", "correlation_id"})


def derive_payment_order_id(key: str) -> str:
    """Short, in capitals that are not taken for one another."""
    digest = int.from_bytes(hashlib.sha256(f"payment order {key}".encode()).digest())
    signs = []
    for _ in range(ORDER_ID_LENGTH - 2):
        digest, at = divmod(digest, len(_ALPHABET))
        signs.append(_ALPHABET[at])
    return f"GJ{''.join(signs)}"


def format_payment_reference(order_id: str, number: int) -> str:
    return f"{order_id}-{number:03d}"


def parse_payment_reference(memo: str) -> tuple[str, int] | None:
    """The order and the number of the line that a bank's 附言 names; None where it names none, or
    more than one."""
    named = set(_REFERENCE.findall(memo.upper().replace("\u3000", " ")))
    if len(named) != 1:
        return None
    [(order_id, number)] = named
    return order_id, int(number)


class LineRelease(Proposal):
    """Two people say that the bank did not pay a line of an order. Its id is the reference."""

    COLLECTION: ClassVar[str] = "line_releases"

    order_id: str
    number: Whole
    amount_fen: Fen = 0
    reason: str

    def to_json(self) -> dict[str, object]:
        return self.model_dump(mode="json", exclude={"due_at", "correlation_id"})


PlainCell = Annotated[
    str,
    Field(
        min_length=2,
        max_length=100,
        pattern=r"^[^\s=+\-@'\x00-\x1f\x7f][^\x00-\x1f\x7f\ufffe\uffff]*[^\s\x00-\x1f\x7f]$",
    ),
]
"""What a spreadsheet takes, and for no formula: the bank's file has it as it is."""


# --- what finance asks for ------------------------------------------------------------------------


class PayeeAccount(Value):
    """Whom a payable is paid to, as a person typed it: sealed before anything is decided."""

    match_id: Identifier
    kind: PayeeKind
    name: PlainCell
    number: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z -]{4,38}[0-9A-Za-z]$")]
    bank: PlainCell


class NamePayees(Value):
    payees: Annotated[tuple[PayeeAccount, ...], Field(min_length=1, max_length=LINES_MAX)]


class SealedPayees(Value):
    """By match, the payee; accounts are sealed."""

    payees: tuple[tuple[str, Payee], ...]


class ProposePaymentOrder(Value):
    match_ids: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=LINES_MAX)]


class OrderCommand(Value):
    order_id: Identifier


class ApprovePaymentOrder(OrderCommand, Approval):
    """The checker's part: another person."""


class DeclinePaymentOrder(OrderCommand):
    pass


class ExportPaymentOrder(OrderCommand):
    """The bank's file is written: from now on the order is the bank's. Again, it is the same."""


class TakeBatchFile(OrderCommand):
    """The bank's file is read: whoever reads it first has it."""


class ReissueBatchFile(OrderCommand):
    """Its file was lost: one asks that it be given out anew, another does it."""


class CancelPaymentOrder(OrderCommand):
    """Before it is exported: one asks for it, another does it."""


Explanation = Annotated[str, Field(min_length=2, max_length=200, pattern=r"\S")]


class ProposeLineRelease(Value):
    """reference: of the order's line. reason: what the bank said."""

    reference: Annotated[str, Field(max_length=40)]
    reason: Explanation


class ApproveLineRelease(Approval):
    release_id: Identifier


class DeclineLineRelease(Value):
    release_id: Identifier
