"""Gifts to a fund that waits for its second person: entered once the fund is open. Where that takes
too long the public log says that they are not entered."""

from datetime import datetime

from services.audit.decide.mandates import count_contribution
from services.audit.decide.posting import Journal, Movement, Refusal
from services.audit.ledger.entries import Fact
from services.audit.model import Donation, EnterWaitingGift, Fund
from shared.messaging.decision import NOTHING, Command, Decision, States


def decide_enter_waiting(
    states: States, command: Command[EnterWaitingGift], now: datetime
) -> Decision:
    """With the bank's day. Of a fund that was declined, or that nobody decides on for too long, the
    log says that the gift is not entered, once; a fund that is opened after all gets it."""
    gift = states.require(Donation, command.data.donation_id)
    fund = states.get(Fund, gift.fund_id)
    if not gift.waiting or fund is None:
        return NOTHING
    if fund.state == "proposed" and not gift.is_overdue(now):
        return NOTHING
    journal = Journal.open(states, fund.foundation, now)
    if not fund.is_open or not fund.can_receive(gift.amount_fen):
        still = gift.model_copy(update={"waiting": fund.state == "proposed", "due_at": None})
        if gift.entry is not None:
            return Decision((still,))
        fact = journal.make_fact("gift_not_entered", gift.id, gift.received_at)
        journal.refuse(_move(gift, fact), Refusal("unknown_fund"), still)
        return journal.close()
    fact = journal.make_fact("waiting_gift", gift.id, gift.received_at)
    fund = journal.bring_forward_fund(fund)
    entered = {
        "waiting": False,
        "refused": False,
        "due_at": None,
        "foundation": fund.foundation,
        "log": "",
        "entry": None,
    }
    journal.post(_move(gift, fact), fund, gift.model_copy(update=entered))
    received = {"received_fen": gift.amount_fen}
    newest = journal.find_newest
    journal.save(count_contribution(states, newest, fund.id, gift.donor_id, **received))
    return journal.close()


def _move(gift: Donation, fact: Fact) -> Movement:
    return Movement("donation_received", fact, gift.fund_id, gift.amount_fen, gift.donor_id)
