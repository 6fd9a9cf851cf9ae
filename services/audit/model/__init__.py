"""Audit's aggregates, and what may be asked of them. All amounts of money are integer fen."""

from services.audit.model.commands import (
    ApproveFund,
    ApproveReversal,
    ApproveTransfer,
    CarriedAll,
    CarryCommitment,
    CarryFund,
    CarryStock,
    CloseYear,
    DeclineFund,
    DeclineReversal,
    DeclineTransfer,
    ProposeFund,
    ProposeReversal,
    ProposeTransfer,
)
from services.audit.model.commitment import Commitment, Spending
from services.audit.model.donation import (
    BankFact,
    Donation,
    FromBank,
    bank_fact_id,
    donation_id,
)
from services.audit.model.entry import Entry, entry_id
from services.audit.model.fund import (
    GENERAL_FUND,
    Fund,
    FundTerms,
    NewFundId,
    amounts,
    described,
)
from services.audit.model.head import ClosedLog, LogHead, ledger_year
from services.audit.model.proposal import Proposal, Reversal, Transfer, reversal_id, shown
from services.audit.model.stock import Distribution, Stock, stock_id

__all__ = [
    "GENERAL_FUND",
    "ApproveFund",
    "ApproveReversal",
    "ApproveTransfer",
    "BankFact",
    "CarriedAll",
    "CarryCommitment",
    "CarryFund",
    "CarryStock",
    "CloseYear",
    "ClosedLog",
    "Commitment",
    "DeclineFund",
    "DeclineReversal",
    "DeclineTransfer",
    "Distribution",
    "Donation",
    "Entry",
    "FromBank",
    "Fund",
    "FundTerms",
    "LogHead",
    "NewFundId",
    "Proposal",
    "ProposeFund",
    "ProposeReversal",
    "ProposeTransfer",
    "Reversal",
    "Spending",
    "Stock",
    "Transfer",
    "amounts",
    "bank_fact_id",
    "described",
    "donation_id",
    "entry_id",
    "ledger_year",
    "reversal_id",
    "shown",
    "stock_id",
]
