"""What a foundation's books begin with: its chart of accounts, and the balances that the program
before them ended with. Two people say each. Integer fen."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from services.audit.model.commands import Consent, Nothing
from services.audit.model.fund import NewFundId
from services.audit.model.proposal import (
    Approval,
    Proposal,
    ReferencedProposal,
    Sha256,
    VoucherNumberOrNone,
)
from shared.contracts.values import Identifier, Moment, PositiveFen, Value
from shared.messaging.decision import State

FUNDS_MAX = 200
"""Each is an entry, and a transaction holds four megabytes."""
CHART_BYTES_MAX = 20_000


class FoundationChart(State):
    """The chart of accounts of a foundation, whose id it has, in place of ours.

    toml: as `ledger/chart.toml` is written.
    """

    COLLECTION: ClassVar[str] = "charts"

    toml: str


class ChartProposal(Proposal):
    """Approved, it is the foundation's chart."""

    COLLECTION: ClassVar[str] = "chart_proposals"

    foundation: str
    toml: str

    def to_json(self) -> dict[str, object]:
        return self.model_dump(mode="json", exclude={"due_at", "correlation_id"})


class OpeningBalance(Value):
    """What one fund has at the bank, and as net assets."""

    fund_id: NewFundId
    balance_fen: PositiveFen


class OpeningBalances(ReferencedProposal):
    """All of a foundation, taken over at one moment. program: what kept the books before."""

    COLLECTION: ClassVar[str] = "opening_balances"

    program: str
    at: datetime
    balances: tuple[OpeningBalance, ...]

    @property
    def total_fen(self) -> int:
        return sum(each.balance_fen for each in self.balances)

    def to_json(self) -> dict[str, object]:
        return {**super().to_json(), "total_fen": self.total_fen}


# --- what finance asks for ------------------------------------------------------------------------


class ProposeChart(Value):
    foundation: Identifier
    toml: Annotated[str, Field(min_length=1, max_length=CHART_BYTES_MAX)]


class ApproveChart(Approval):
    chart_id: Identifier


class DeclineChart(Value):
    chart_id: Identifier


class ProposeOpeningBalances(Value):
    """total_fen: what the program before says that all of it is. reference, voucher, attachment: as
    of a fee."""

    foundation: Identifier
    program: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
    at: Moment
    balances: Annotated[tuple[OpeningBalance, ...], Field(min_length=1, max_length=FUNDS_MAX)]
    total_fen: PositiveFen
    reference: Consent
    voucher: VoucherNumberOrNone = ""
    attachment: Sha256 | Nothing = ""


class ApproveOpeningBalances(Approval):
    opening_id: Identifier


class DeclineOpeningBalances(Value):
    opening_id: Identifier
