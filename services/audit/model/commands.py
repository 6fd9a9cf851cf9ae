"""What staff and the year's jobs may ask."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool

from services.audit.model.fund import FundTerms, NewFundId
from services.audit.model.mandate import MandateRequest
from services.audit.model.proposal import (
    PUBLIC,
    Approval,
    Sha256,
    VoucherNumberOrNone,
    require_impersonal,
)
from shared.contracts.ledger_fields import INTEGER_MAX
from shared.contracts.values import Identifier, PositiveFen, ShortText, Value, Whole

Consent = Annotated[str, Field(min_length=1, max_length=200), PUBLIC]
"""The document that allows it: a donor's consent, a filing, a minute. Its reference, no names."""


Nothing = Literal[""]


def _require_public_purpose(terms: FundTerms) -> FundTerms:
    require_impersonal(terms.purpose)
    return terms


class ProposeFund(Value):
    """The maker's part of opening a fund. foundation: our own where none is said."""

    fund_id: Annotated[NewFundId, PUBLIC]
    name: Annotated[ShortText, PUBLIC]
    restricted: bool = False
    terms: Annotated[FundTerms, AfterValidator(_require_public_purpose)] = FundTerms()
    foundation: Identifier | None = None


class ApproveFund(Approval):
    """The checker's part: another person."""

    fund_id: NewFundId


class DeclineFund(Value):
    """The checker says no; the id may be proposed again."""

    fund_id: NewFundId


class ProposeTransfer(Value):
    """Money from one fund to another of the same foundation."""

    from_fund_id: NewFundId
    to_fund_id: NewFundId
    amount_fen: PositiveFen
    reference: Consent
    voucher: VoucherNumberOrNone = ""
    attachment: Sha256 | Nothing = ""


class ApproveTransfer(Approval):
    transfer_id: Identifier


class DeclineTransfer(Value):
    transfer_id: Identifier


class ProposeMandate(MandateRequest):
    """partner: who asks for it, where it is a partner and not the fund's managers."""

    partner: str | None = None


class MandateCommand(Value):
    mandate_id: Identifier


class ApproveMandate(MandateCommand, Approval):
    """The checker's part: another person. Of a donor's gifts only with his consent on record."""


class DeclineMandate(MandateCommand):
    pass


class RevokeMandate(MandateCommand):
    """One person is enough to end it. partner: who may end only what is his to use."""

    partner: str | None = None


class GiveMandate(MandateCommand):
    """By the donor himself, behind his link."""


class WithdrawMandate(MandateCommand):
    """By the donor himself, behind his link: he says no, now or later."""


class AskMandateWord(MandateCommand):
    """A donor on the phone wants to give it, or to take it back."""

    act: Literal["give", "withdraw"]


class EntryToReverse(Value):
    """log and index: where it stands. reference: the document that allows it."""

    log: Annotated[str, Field(min_length=1, max_length=256)]
    index: Annotated[Whole, Field(ge=0, le=INTEGER_MAX)]
    reference: Consent
    voucher: VoucherNumberOrNone = ""
    attachment: Sha256 | Nothing = ""


class ProposeReversal(EntryToReverse):
    """leaf: the entry that is to be undone, exactly as it stands at `index` of `log`."""

    leaf: str


class ApproveReversal(Approval):
    reversal_id: Identifier


class DeclineReversal(Value):
    reversal_id: Identifier


class CloseYear(Value):
    """A foundation's ledger year is over, though nothing arrived that would say so."""

    foundation: str


class BringFundForward(Value):
    """Into the year that runs, unless the fund is there already."""

    fund_id: str


class BringCommitmentForward(Value):
    match_id: str


class BringStockForward(Value):
    stock_id: str


class EnterWaitingGift(Value):
    """Its fund waits no more."""

    donation_id: str


class GiftAnswer(Value):
    """is_another: what came under the bank reference of another gift is a gift of its own,
    and not the same again."""

    is_another: StrictBool


class AnswerGiftQuestion(GiftAnswer):
    donation_id: Identifier


class FinishBringingForward(Value):
    """Nothing of an earlier year remains to be brought forward into `log`."""

    foundation: str
    log: str
