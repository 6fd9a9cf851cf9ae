"""What a bank's statement says of payments: lines that fit none are asked about, and two people
answer. Integer fen."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from services.audit.model.payables import Explanation, format_payment_reference
from services.audit.model.proposal import Approval, Proposal
from shared.contracts.values import CHINA, Fen, Identifier, PositiveFen, Value, Whole
from shared.ids import make_id
from shared.messaging.decision import State

BankDoubt = Literal[
    "reference_missing",
    "order_unknown",
    "order_not_exported",
    "amount_differs",
    "account_differs",
    "line_paid",
    "line_not_paid",
    "line_paid_again",
    "line_released",
    "line_entered",
    "own_line",
]
"""Why a line of the bank closes nothing."""
LINE_LASTS = timedelta(days=3)
"""Between the days that two sources state of one line."""


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

    Its id says which line it is (`derive_bank_question_id`). is_open: nobody has said yet what it
    is. is_entered: it stands on the log. own_account: whose statement it is, where that was said.
    foundation: whose order it names, or on whose ledger it stands; empty: nobody knows. source: who
    stated it, where finance was asked or it is a pair. is_pair: it left again by the bank's mark of
    a reversed credit that had brought no gift: nothing is entered of the two.
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
    foundation: str = ""
    is_open: bool = True
    is_entered: bool = False
    answered_by: str = ""
    answer: str = ""
    source: str = ""
    is_pair: bool = False

    def is_of(self, account: str) -> bool:
        """Whether the line may be of that account; empty: of any."""
        return not self.own_account or not account or self.own_account == account

    def is_near(self, moment: datetime) -> bool:
        """Some banks count anew: a line of another week is another."""
        return abs(self.at - moment) <= LINE_LASTS

    def reopen(self) -> Self:
        """What two people entered is undone: the line is on the statement still."""
        nobody = {"answered_by": "", "answer": ""}
        update = {"is_open": True, "is_entered": False, "is_pair": False, **nobody}
        return self.model_copy(update=update)

    def settle_pair(self) -> Self:
        return self.model_copy(update={"is_open": False, "is_entered": True, "is_pair": True})

    def with_answer(self, answer: BankAnswer, foundation: str = "") -> Self:
        """foundation: whose ledger it is entered on, if it is."""
        update = {
            "is_open": False,
            "is_entered": answer.number > 0,
            "answered_by": answer.checker,
            "answer": answer.answer,
            "foundation": foundation or self.foundation,
        }
        return self.model_copy(update=update)


def derive_bank_question_id(
    reference: str, direction: str, amount_fen: int, named: tuple[str, int] | None, account: str
) -> str:
    """Of the first line with this reference: without an account. named: the line of an order; a
    batch of payments may share one reference of the bank."""
    memo = format_payment_reference(*named) if named else ""
    return make_id("Q", reference, direction, str(amount_fen), memo, account)


def derive_later_line_id(question_id: str, at: datetime) -> str:
    """Of another line under the reference, and for the sum, of one that was asked about days
    before."""
    return make_id("Q", question_id, at.astimezone(CHINA).date().isoformat())


class EnteredLine(State):
    """A line of the bank's statement that stands on the log: whatever else is entered under its
    reference is looked at beside it. Its id says which line it is (`derive_entered_line_id`).

    paid, vouchered: whose statements it was on where it closed a payment, and where two people
    entered it as a fee or refund; an empty name where nobody said.
    """

    COLLECTION: ClassVar[str] = "entered_lines"

    paid: tuple[str, ...] = ()
    vouchered: tuple[str, ...] = ()

    def is_paid(self, account: str) -> bool:
        """account: empty where it is not said; it may be any then."""
        return _may_be(account, self.paid)

    def is_vouchered(self, account: str) -> bool:
        return _may_be(account, self.vouchered)

    def with_paid(self, account: str) -> Self:
        return self.model_copy(update={"paid": tuple(dict.fromkeys((*self.paid, account)))})

    def with_vouchered(self, account: str) -> Self:
        accounts = tuple(dict.fromkeys((*self.vouchered, account)))
        return self.model_copy(update={"vouchered": accounts})

    def without_vouchered(self, account: str) -> Self:
        """The entry of two people is undone."""
        accounts = tuple(each for each in self.vouchered if each != account)
        return self.model_copy(update={"vouchered": accounts})


def _may_be(account: str, accounts: Collection[str]) -> bool:
    return bool(accounts) and (not account or not {"", account}.isdisjoint(accounts))


def derive_entered_line_id(reference: str, direction: str, amount_fen: int) -> str:
    """A batch of payments may share one reference of the bank, and its fee too: the amount tells
    them apart."""
    return make_id("I", reference, direction, str(amount_fen))


class EnteredCharges(State):
    """What one source entered as charges of a bank without a second person, in a month by the day
    of entry: of one account that it named, or of all. Its id says which (`derive_charges_id`)."""

    COLLECTION: ClassVar[str] = "entered_charges"

    charged_fen: Fen = 0

    def add(self, amount_fen: int) -> Self:
        return self.model_copy(update={"charged_fen": self.charged_fen + amount_fen})


def derive_charges_id(source: str, now: datetime, *account: str) -> str:
    """account: none for all of the source's."""
    return make_id("H", source, f"{now.astimezone(CHINA):%Y-%m}", *account)


# --- what finance says of it ---------------------------------------------------------------------


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
