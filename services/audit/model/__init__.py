"""Audit's aggregates, and what may be asked of them. All amounts of money are integer fen."""

from services.audit.model.commands import (
    ApproveFund,
    ApproveReversal,
    ApproveTransfer,
    BringCommitmentForward,
    BringFundForward,
    BringStockForward,
    CloseYear,
    DeclineFund,
    DeclineReversal,
    DeclineTransfer,
    EntryToReverse,
    FinishBringingForward,
    ProposeFund,
    ProposeReversal,
    ProposeTransfer,
)
from services.audit.model.commitment import Commitment, Spending
from services.audit.model.donation import BankEvent, BankFact, Donation, Pledge, donation_id
from services.audit.model.fund import GENERAL_FUND, Fund, FundTerms, NewFundId
from services.audit.model.head import ClosedLog, Entry, LogHead, entry_id, ledger_year
from services.audit.model.payments import (
    ApproveSecondPayment,
    DeclineSecondPayment,
    ProposeSecondPayment,
    RequestPayments,
    SecondPayment,
    get_payments,
)
from services.audit.model.proposal import Proposal, Reversal, Transfer, reversal_id
from services.audit.model.states import CountedState, PlacedState
from services.audit.model.stock import Distribution, Stock, stock_id

__all__ = [
    "GENERAL_FUND",
    "ApproveFund",
    "ApproveReversal",
    "ApproveSecondPayment",
    "ApproveTransfer",
    "BankEvent",
    "BankFact",
    "BringCommitmentForward",
    "BringFundForward",
    "BringStockForward",
    "CloseYear",
    "ClosedLog",
    "Commitment",
    "CountedState",
    "DeclineFund",
    "DeclineReversal",
    "DeclineSecondPayment",
    "DeclineTransfer",
    "Distribution",
    "Donation",
    "Entry",
    "EntryToReverse",
    "FinishBringingForward",
    "Fund",
    "FundTerms",
    "LogHead",
    "NewFundId",
    "PlacedState",
    "Pledge",
    "Proposal",
    "ProposeFund",
    "ProposeReversal",
    "ProposeSecondPayment",
    "ProposeTransfer",
    "RequestPayments",
    "Reversal",
    "SecondPayment",
    "Spending",
    "Stock",
    "Transfer",
    "donation_id",
    "entry_id",
    "get_payments",
    "ledger_year",
    "reversal_id",
    "stock_id",
]
