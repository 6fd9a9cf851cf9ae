"""Gifts to a fund that waits for its second person: entered once the fund is open."""

from datetime import datetime

from services.audit.decide.mandates import count_contribution
from services.audit.decide.posting import Journal, Movement, Refusal
from services.audit.model import Donation, EnterWaitingGift, Fund
from shared.messaging.decision import NOTHING, Command, Decision, States


def decide_enter_waiting(
    states: States, command: Command[EnterWaitingGift], now: datetime
) -> Decision:
    """With the bank's day. Of a fund that was declined the log says that the gift was refused."""
    gift = states.require(Donation, command.data.donation_id)
    fund = states.get(Fund, gift.fund_id)
    if not gift.waiting or fund is None or fund.state == "proposed":
        return NOTHING
    journal = Journal.open(states, fund.foundation, now)
    fact = journal.make_fact("waiting_gift", gift.id, gift.received_at)
    movement = Movement("donation_received", fact, fund.id, gift.amount_fen, gift.donor_id)
    if not fund.is_open or not fund.can_receive(gift.amount_fen):
        refused = gift.model_copy(update={"waiting": False})
        journal.refuse(movement, Refusal("unknown_fund"), refused)
        return journal.close()
    fund = journal.bring_forward_fund(fund)
    entered = {"waiting": False, "refused": False, "foundation": fund.foundation}
    journal.post(movement, fund, gift.model_copy(update=entered))
    received = {"received_fen": gift.amount_fen}
    newest = journal.find_newest
    journal.save(count_contribution(states, newest, fund.id, gift.donor_id, **received))
    return journal.close()
