"""What is due to who gave the help (应付), the orders by which it is paid, and what of a bank's
statement nobody could place. Integer fen.

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
from services.audit.model.states import CountedState, PlacedState
from shared.contracts.values import Fen, Identifier, PositiveFen, Value, Whole
from shared.ids import make_id
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


class Payable(PayableArithmetic, CountedState, PlacedState):
    """Has the id of its match. log and entry: of the obligation.

    order_id: of the order it is in, until that is cancelled or the money came back. held: its match
    fell, so it is not paid; finance reverses the obligation. named_by: who said whose account it
    is; he approves no order that pays to it.
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
        return self.is_unordered and not self.held


LineState = Literal["waiting", "paid", "returned", "released"]
"""released: two people say that the bank refused it and nothing left the account."""


class OrderLine(Value):
    """One payment of an order, of all that is owed for a match."""

    match_id: Identifier
    fund_id: str
    payee_id: str
    amount_fen: PositiveFen
    state: LineState = "waiting"
    bank_reference: str = ""


class PaymentOrder(Proposal):
    """Payables that are paid together. Its id stands in the bank's file.

    exported_at: since then it is the bank's, and it ends line by line. cancelled_by: who asked to
    take it back before that; another does it. exported_by: who took its file first.
    """

    COLLECTION: ClassVar[str] = "payment_orders"

    foundation: str
    lines: tuple[OrderLine, ...]
    exported_at: datetime | None = None
    exported_by: str = ""
    cancelled_by: str = ""

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
        line = self.lines[number - 1].model_copy(
            update={"state": state, "bank_reference": bank_reference}
        )
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


BankDoubt = Literal[
    "reference_missing",
    "order_unknown",
    "order_not_exported",
    "amount_differs",
    "account_differs",
    "line_paid",
    "line_not_paid",
    "line_released",
    "line_entered",
]
"""Why a line of the bank closes nothing."""


class BankAnswer(Proposal):
    """What two people say a line of the bank is. Has the id of its question.

    order_id, number: the line of an order that it closes, under the bank's reference; empty where
    it is something else: nothing is entered by that. The rest is the question's.
    """

    COLLECTION: ClassVar[str] = "bank_answers"

    answer: str
    order_id: str = ""
    number: Whole = 0
    direction: Literal["paid", "returned"]
    amount_fen: PositiveFen
    bank_reference: str

    def to_json(self) -> dict[str, object]:
        return self.model_dump(mode="json", exclude={"due_at", "correlation_id"})


class BankQuestion(State):
    """A line of the bank's statement that fits no line of an order: two of finance say what it is.

    Its id says which line it is (`bank_question_id`). is_open: nobody has said yet what it is.
    is_entered: it stands on the log. own_account: whose statement it is, where that was said.
    """

    COLLECTION: ClassVar[str] = "bank_questions"

    doubt: BankDoubt
    direction: Literal["paid", "returned"]
    order_id: str = ""
    number: Whole = 0
    amount_fen: PositiveFen
    at: datetime
    bank_reference: str
    own_account: str = ""
    is_open: bool = True
    is_entered: bool = False
    answered_by: str = ""
    answer: str = ""

    def is_of(self, account: str) -> bool:
        """Whether the line may be of that account; empty: of any."""
        return not self.own_account or not account or self.own_account == account

    def with_answer(self, answer: BankAnswer) -> Self:
        update = {
            "is_open": False,
            "is_entered": answer.number > 0,
            "answered_by": answer.checker,
            "answer": answer.answer,
        }
        return self.model_copy(update=update)


def derive_bank_question_id(
    reference: str, direction: str, amount_fen: int, named: tuple[str, int] | None, account: str
) -> str:
    """Of the first line with this reference: without an account. named: the line of an order; a
    batch of payments may share one reference of the bank."""
    memo = format_payment_reference(*named) if named else ""
    return make_id("Q", reference, direction, str(amount_fen), memo, account)


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


class CancelPaymentOrder(OrderCommand):
    """Before it is exported: one asks for it, another does it."""


Explanation = Annotated[str, Field(min_length=2, max_length=200, pattern=r"\S")]


class LineAnswer(Value):
    """What a line of the bank is that fits no order. reference: of the order's line that it pays;
    empty where it is something else, which `answer` says."""

    answer: Explanation
    reference: Annotated[str, Field(max_length=40)] = ""


class AnswerBankQuestion(LineAnswer):
    question_id: Identifier


class ApproveBankAnswer(Approval):
    question_id: Identifier


class DeclineBankAnswer(Value):
    question_id: Identifier


class ProposeLineRelease(Value):
    """reference: of the order's line. reason: what the bank said."""

    reference: Annotated[str, Field(max_length=40)]
    reason: Explanation


class ApproveLineRelease(Approval):
    release_id: Identifier


class DeclineLineRelease(Value):
    release_id: Identifier
