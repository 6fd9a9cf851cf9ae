"""Files of banks that one person of finance takes in by page, and another lets be entered."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from services.audit.model.donation import BankEvent
from services.audit.model.proposal import Approval, Proposal, Sha256
from shared.contracts.events import BankLineStated, DonationReceived
from shared.contracts.values import Identifier, Moment, Value, Whole

Count = Annotated[Whole, Field(ge=0)]
Name = Annotated[str, Field(max_length=100)]


class FileSummary(Value):
    """What a file would enter. source: whose messages its rows are. first, last: of the moments of
    its rows. payments: rows about money that left or came back; of them what the bank took back of
    gifts, its charges, what orders paid, its interest, and what finance is asked about. sha256: of
    the file and of how its columns are read. are_apart: rows that may be gifts of before were
    looked at, and are others."""

    source: Annotated[str, Field(min_length=1, max_length=200)]
    name: Name
    account: Name
    first: Moment | None
    last: Moment | None
    gifts: Count
    amount_fen: Whole
    payments: Count
    refused: Count
    sha256: Sha256
    are_apart: bool = False
    reversed_fen: Whole = 0
    charges_fen: Whole = 0
    paid_fen: Whole = 0
    interest_fen: Whole = 0
    asked_fen: Whole = 0


class StatementFile(Proposal):
    """A file that one person of finance took in; approved by another, its rows are entered."""

    COLLECTION: ClassVar[str] = "statement_files"

    summary: FileSummary

    def to_json(self) -> dict[str, object]:
        return self.model_dump(mode="json", exclude={"due_at", "correlation_id"})


class ProposeStatementFile(Value):
    file_id: Identifier
    summary: FileSummary


class ApproveStatementFile(Approval):
    file_id: Identifier


class DeclineStatementFile(Value):
    file_id: Identifier


class EnterStatementRow(Value):
    """A row of an approved file, as its source would publish it."""

    source: str
    message_id: str
    fact: DonationReceived | BankLineStated


class StatementRowSent(Value):
    """The row as its source's message, prepared as one that came by the topic."""

    event: BankEvent[Any]
