"""Files of banks that one person of finance takes in by page, and another lets be entered."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from services.audit.model.donation import BankEvent
from services.audit.model.proposal import Approval, Proposal, Sha256
from shared.contracts.events import BankLineStated, DonationReceived
from shared.contracts.values import Identifier, Moment, Value, Whole

Count = Annotated[Whole, Field(ge=0)]
Name = Annotated[str, Field(max_length=100)]
StatedKind = Literal["reversed", "charge", "paid", "returned", "interest", "asked"]
"""Of a row beside gifts: a gift that the bank took back, its own charge or interest, an order paid
or come back, and what finance is asked about."""
_SUMS: Mapping[str, StatedKind] = {
    "reversed_fen": "reversed",
    "charges_fen": "charge",
    "paid_fen": "paid",
    "interest_fen": "interest",
    "asked_fen": "asked",
}


class DaySum(Value):
    """What the rows of a day that are read say of its account. day: 2026-01-31, in China."""

    day: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    in_fen: Whole
    out_fen: Whole

    @property
    def moved_fen(self) -> int:
        return self.in_fen + self.out_fen


class FileSummary(Value):
    """What a file would enter. source: whose messages its rows are. first, last: of the moments of
    its rows. payments: rows about money that left or came back; stated_fen: their sum by kind.
    sha256: of the file and of how its columns are read. are_apart: rows that may be gifts of before
    were looked at, and are others. sums_differ: a total that the file states is not the sum of
    its rows, and who proposes it has looked why. days: in order, those with rows that were read;
    none of a file of before they were counted. opening_fen, closing_fen: where the file has both
    balances."""

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
    sums_differ: bool = False
    stated_fen: Mapping[StatedKind, Whole] = Field(default_factory=dict)
    days: tuple[DaySum, ...] = ()
    opening_fen: int | None = None
    closing_fen: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_sums(cls, stored: Any) -> Any:
        """Of a file that was taken in while each kind had a field of its own."""
        if not isinstance(stored, dict) or not stored.keys() & _SUMS.keys():
            return stored
        sums = {kind: stored[name] for name, kind in _SUMS.items() if stored.get(name)}
        others = {name: value for name, value in stored.items() if name not in _SUMS}
        return {"stated_fen": sums, **others}

    @model_serializer(mode="wrap")
    def _write_sums(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The release before shows these to who approves; drop them in the next one."""
        sums = {name: self.stated_fen.get(kind, 0) for name, kind in _SUMS.items()}
        sums["asked_fen"] += self.stated_fen.get("returned", 0)
        return {**write(self), **sums}


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
