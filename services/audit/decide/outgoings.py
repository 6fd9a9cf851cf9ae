"""Money leaves the bank: an instalment of a commitment, a gift given back, a management fee."""

from typing import Any

from services.audit.decide.bank import BankCase
from services.audit.decide.carrying import carried_fund
from services.audit.decide.refusing import Asked, No
from services.audit.decide.settling import PAID, settle
from services.audit.decide.writing import Writer
from services.audit.ledger import entries
from services.audit.model import GENERAL_FUND, Commitment, Donation, Fund
from shared.contracts.envelope import Event
from shared.contracts.events import (
    DonationRefunded,
    FeeCharged,
    LedgerFeeCharged,
    LedgerRefunded,
    PaymentMade,
)
from shared.messaging.decision import AnyRef, Ref, States


class Payment(BankCase[PaymentMade]):
    """One instalment; what is outstanding when the match is confirmed is paid then."""

    @staticmethod
    def touches(event: Event[Any]) -> tuple[AnyRef, ...]:
        return (Ref(Commitment, event.data.fact.match_id),)

    @staticmethod
    def about(states: States, event: Event[Any]) -> Commitment | None:
        return states.get(Commitment, event.data.fact.match_id)

    def asked(self) -> Asked:
        known = self.about(self.states, self.event)
        fund_id, donor_id = (known.fund_id, known.donor_id) if known else (GENERAL_FUND, None)
        fact = self.fact
        return Asked("disbursement", fund_id, fact.amount_fen, fact.paid_at, donor_id)

    def enter(self, writer: Writer) -> None:
        known, amount = self.about(self.states, self.event), self.fact.amount_fen
        if known is None or known.entry is None:
            self.refuse(writer, No("not_committed"))
        elif amount > known.outstanding_fen:
            self.refuse(writer, No("exceeds_commitment", known.outstanding_fen))
        else:
            assert self.fund is not None, "a commitment was made of a fund"
            settle(writer, PAID, self.recorded(known.id), known, self.fund, amount)


class Refund(BankCase[DonationRefunded]):
    """Never more than the gift was, nor than its fund still has."""

    @staticmethod
    def touches(event: Event[Any]) -> tuple[AnyRef, ...]:
        return (Ref(Donation, event.data.fact.donation_id),)

    @staticmethod
    def about(states: States, event: Event[Any]) -> Donation | None:
        return states.get(Donation, event.data.fact.donation_id)

    def asked(self) -> Asked:
        gift = self.about(self.states, self.event)
        fund_id, donor_id = (gift.fund_id, gift.donor_id) if gift else (GENERAL_FUND, None)
        fact = self.fact
        return Asked("refund", fund_id, fact.amount_fen, fact.refunded_at, donor_id)

    def enter(self, writer: Writer) -> None:
        gift, fund, amount = self.about(self.states, self.event), self.fund, self.fact.amount_fen
        if gift is None or gift.refused or not gift.is_money:
            self.refuse(writer, No("unknown_donation"))
            return
        assert fund is not None, "a gift was entered into a fund"
        if amount > gift.refundable_fen:
            self.refuse(writer, No("exceeds_gift", gift.refundable_fen))
        elif amount > fund.remaining_fen:
            self.refuse(writer, No("insufficient_funds", fund.remaining_fen))
        else:
            self._give_back(writer, gift, carried_fund(writer, fund))

    def _give_back(self, writer: Writer, gift: Donation, fund: Fund) -> None:
        amount = self.fact.amount_fen
        draft = entries.refund(self.recorded(gift.id), fund.ref, amount, gift.place)
        leaf = writer.append(draft)
        writer.keep(fund.plus(refunded_fen=amount))
        less = gift.model_copy(update={"refunded_fen": gift.refunded_fen + amount})
        writer.tell(less, leaf.told(LedgerRefunded, **self.asked().said(donation_id=gift.id)))


class Fee(BankCase[FeeCharged]):
    """Within the permille of this year's gifts that the fund's terms allow."""

    @staticmethod
    def touches(event: Event[Any]) -> tuple[AnyRef, ...]:
        return (Ref(Fund, event.data.fact.fund_id),)

    @staticmethod
    def about(states: States, event: Event[Any]) -> Fund | None:
        return states.get(Fund, event.data.fact.fund_id)

    def asked(self) -> Asked:
        fact = self.fact
        return Asked("management_fee", fact.fund_id, fact.amount_fen, fact.charged_at)

    def enter(self, writer: Writer) -> None:
        fund, amount = self.fund, self.fact.amount_fen
        if fund is None or not fund.is_open:
            self.refuse(writer, No("unknown_fund"))
            return
        fund = carried_fund(writer, fund)
        if amount > fund.fee_left_fen:
            self.refuse(writer, No("exceeds_fee_limit", fund.fee_left_fen))
        elif amount > fund.remaining_fen:
            self.refuse(writer, No("insufficient_funds", fund.remaining_fen))
        else:
            leaf = writer.append(entries.management_fee(self.recorded(fund.id), fund.ref, amount))
            told = leaf.told(LedgerFeeCharged, **self.asked().said())
            writer.tell(fund.plus(fees_fen=amount), told)
