"""The number of a gift's 公益事业捐赠统一票据: entered by finance once it is issued."""

from datetime import datetime

from services.audit import messages
from services.audit.model import Donation
from services.audit.model.invoices import (
    EnterGiftInvoice,
    GiftInvoice,
    InvoiceUse,
    derive_invoice_use_id,
)
from services.audit.vouchers import messages as voucher_messages
from shared.answers import Answer
from shared.contracts.values import CHINA
from shared.messaging.decision import Command, Decision, State, States


def decide_enter_invoice(
    states: States, command: Command[EnterGiftInvoice], now: datetime
) -> Decision:
    """Of a gift on the ledger of which something is left. A number is one giver's; another number
    for the same gift only where somebody says that the one before was void. The same number on
    another day corrects the day.
    """
    data = command.data
    gift, existing = states.get_each((Donation, data.donation_id), (GiftInvoice, data.donation_id))
    if gift is None:
        return _refuse(messages.DONATION_UNKNOWN.refusal(404, "donation_id"))
    if not gift.is_on_ledger:
        return _refuse(messages.GIFT_REFUSED.refusal(409, "donation_id"))
    first, last = gift.received_at.astimezone(CHINA).date(), now.astimezone(CHINA).date()
    if not first <= data.issued_on <= last:
        return _refuse(voucher_messages.INVOICE_DAY_WRONG.refusal(422, "issued_on"))
    if existing is not None and existing.is_same(data):
        return _correct_day(existing, command, now)
    if gift.is_money and not gift.refundable_fen:
        return _refuse(voucher_messages.INVOICE_OF_NOTHING.refusal(409, "donation_id"))
    if existing is not None and not data.replaces:
        return _refuse(voucher_messages.INVOICE_EXISTS.refusal(409, "number", number=existing.name))
    use_id = derive_invoice_use_id(gift.foundation, data.code, data.number)
    use = states.get(InvoiceUse, use_id)
    if use is not None and use.donation_ids and use.donor_id != gift.donor_id:
        return _refuse(voucher_messages.INVOICE_OF_ANOTHER.refusal(409, "number"))
    invoice = GiftInvoice(
        id=gift.id,
        number=data.number,
        code=data.code,
        issued_on=data.issued_on.isoformat(),
        entered_by=command.principal,
        entered_at=now,
    )
    fresh = InvoiceUse(id=use_id, donor_id=gift.donor_id, donation_ids=())
    used = use if use is not None and use.donation_ids else fresh
    changed: list[State] = [used.with_gift(gift.id)]
    if existing is not None:
        invoice = existing.replace(invoice)
        before = derive_invoice_use_id(gift.foundation, existing.code, existing.number)
        changed.append(states.require(InvoiceUse, before).without_gift(gift.id))
    return Decision((invoice, *changed), answer=Answer(200, invoice.to_json()))


def _correct_day(
    existing: GiftInvoice, command: Command[EnterGiftInvoice], now: datetime
) -> Decision:
    """Entered again as it is, nothing changes."""
    day = command.data.issued_on.isoformat()
    if day == existing.issued_on:
        return Decision(answer=Answer(200, existing.to_json()))
    changes = {"issued_on": day, "entered_by": command.principal, "entered_at": now}
    corrected = existing.model_copy(update=changes)
    return Decision((corrected,), answer=Answer(200, corrected.to_json()))


def _refuse(answer: Answer) -> Decision:
    return Decision(answer=answer)
