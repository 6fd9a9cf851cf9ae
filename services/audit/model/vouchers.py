"""What two people enter with a voucher: a fund's management fee, a gift given back, interest and
charges of a bank; and the files that prove what they entered. Integer fen."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.audit.model.commands import Consent
from services.audit.model.fund import NewFundId
from services.audit.model.proposal import Approval, ReferencedProposal, Sha256, VoucherNumber
from shared.contracts.values import Identifier, Moment, PositiveFen, ShortText, Value, Whole
from shared.messaging.decision import State
from shared.text import FOLDED

FILE_BYTES_MAX = 2_000_000
"""A transaction holds four megabytes."""


class VoucherFile(State):
    """A scan that proves an entry: its id is its digest, which stands on the log.

    content: sealed under the id. note: what it is, nobody's name.
    """

    COLLECTION: ClassVar[str] = "voucher_files"

    media_type: str
    size: Whole
    note: str
    added_by: str
    added_at: datetime
    content: bytes


BankEntryKind = Literal["bank_interest", "bank_charge"]


class LinedEntry(ReferencedProposal):
    """An entry that a line of the bank's statement belongs to. bank_reference: that line's, so that
    it is known when it comes; empty where there is none. own_account: whose statement it is on."""

    amount_fen: PositiveFen
    at: datetime
    fund_id: str
    bank_reference: str = ""
    own_account: str = ""

    @property
    def direction(self) -> Literal["paid", "returned"]:
        """Of the line: whether money left the account, or came in."""
        return "paid"


class FundFee(LinedEntry):
    COLLECTION: ClassVar[str] = "fund_fees"


class BankEntry(LinedEntry):
    """Interest that a bank paid, or a charge that it took, on a fund's account."""

    COLLECTION: ClassVar[str] = "bank_entries"

    kind: BankEntryKind

    @property
    def direction(self) -> Literal["paid", "returned"]:
        return "returned" if self.kind == "bank_interest" else "paid"


class GiftRefund(LinedEntry):
    """A gift that two people give back, or a part of it. invoice: code and number of its invoice,
    which has to be voided; empty where none is entered."""

    COLLECTION: ClassVar[str] = "gift_refunds"

    donation_id: str
    invoice: str = ""


# --- what finance asks for ------------------------------------------------------------------------


class AddVoucherFile(Value):
    """content: in base64; sealed before anything is decided."""

    id: Sha256
    media_type: str
    size: Whole
    note: ShortText
    content: str


class SealedFile(Value):
    """A file as it is stored."""

    id: Sha256
    media_type: str
    size: Whole
    note: ShortText
    content: bytes


class VoucheredEntry(Value):
    """reference: the document that allows it. voucher: the number of its 记账凭证. attachment: the
    digest of a file that was added before."""

    amount_fen: PositiveFen
    at: Moment
    reference: Consent
    voucher: VoucherNumber
    attachment: Sha256
    bank_reference: Annotated[str, Field(max_length=100)] = ""
    own_account: Annotated[str, Field(max_length=100), FOLDED] = ""


class ProposeFundFee(VoucheredEntry):
    fund_id: NewFundId


class ApproveFundFee(Approval):
    fee_id: Identifier


class DeclineFundFee(Value):
    fee_id: Identifier


class ProposeBankEntry(VoucheredEntry):
    kind: BankEntryKind
    fund_id: NewFundId


class ApproveBankEntry(Approval):
    entry_id: Identifier


class DeclineBankEntry(Value):
    entry_id: Identifier


class ProposeGiftRefund(VoucheredEntry):
    donation_id: Identifier


class ApproveGiftRefund(Approval):
    refund_id: Identifier


class DeclineGiftRefund(Value):
    refund_id: Identifier
