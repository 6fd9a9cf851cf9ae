"""Gifts that wait: for their fund's second person, or for a person's word whether they are gifts of
their own. Where that takes too long the public log says that they are not entered."""

from datetime import datetime

from services.audit.decide.mandates import count_contribution
from services.audit.decide.posting import Journal, Movement, Refusal
from services.audit.ledger.entries import Fact
from services.audit.model import AnswerGiftQuestion, Donation, EnterWaitingGift, Fund
from services.audit.statements.messages import GIFT_NOT_ASKED
from shared.contracts.events import RefusedReason
from shared.messaging.decision import NOTHING, Answer, Command, Decision, States


def decide_enter_waiting(
    states: States, command: Command[EnterWaitingGift], now: datetime
) -> Decision:
    """With the bank's day. Of a fund that was declined, or that nobody decides on for too long, the
    log says that the gift is not entered, once; a fund that is opened after all gets it. So of a
    gift of which nobody says that it is one of its own."""
    gift = states.require(Donation, command.data.donation_id)
    if gift.is_asked:
        if not gift.is_overdue(now):
            return NOTHING
        journal = Journal.open(states, gift.foundation, now)
        _refuse(journal, gift, gift.model_copy(update={"due_at": None}), "id_reused")
        return journal.close()
    if not gift.waiting:
        return NOTHING
    fund = states.get(Fund, gift.fund_id)
    if fund is None or (fund.state == "proposed" and not gift.is_overdue(now)):
        return NOTHING
    journal = Journal.open(states, fund.foundation, now)
    _enter_or_refuse(states, journal, gift, fund)
    return journal.close()


def decide_answer_gift(
    states: States, command: Command[AnswerGiftQuestion], now: datetime
) -> Decision:
    """One of finance says whether what came under the bank reference of another gift is a gift of
    its own: then it is entered with the bank's day. If it is the same gift, the log says
    that it is not entered."""
    data = command.data
    gift = states.get(Donation, data.donation_id)
    if gift is None or not gift.is_asked:
        return Decision(answer=GIFT_NOT_ASKED.refusal(409, "donation_id"))
    fund = states.get(Fund, gift.fund_id)
    journal = Journal.open(states, fund.foundation if fund else gift.foundation, now)
    if data.is_another:
        apart = {"distinct_from": (*gift.distinct_from, gift.may_be), "may_be": ""}
        answered = gift.model_copy(update={**apart, "answered_by": command.principal})
        _enter_or_refuse(states, journal, answered, fund)
    else:
        same = {"waiting": False, "undone": True, "due_at": None, "answered_by": command.principal}
        _refuse(journal, gift, gift.model_copy(update=same), "id_reused")
    return journal.close(Answer(200, {"id": gift.id, "is_another": data.is_another}))


def _enter_or_refuse(states: States, journal: Journal, gift: Donation, fund: Fund | None) -> None:
    """As its fund is now; one that is proposed still leaves it waiting."""
    if fund is None or not fund.is_open or not fund.can_receive(gift.amount_fen):
        waits = fund is not None and fund.state == "proposed"
        if waits and not gift.is_overdue(journal.now):
            journal.save(gift.model_copy(update={"waiting": True}))
            return
        still = gift.model_copy(update={"waiting": waits, "due_at": None})
        _refuse(journal, gift, still, "unknown_fund")
        return
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


def _refuse(journal: Journal, gift: Donation, still: Donation, reason: RefusedReason) -> None:
    """still: the gift as it is from now on. The log says it once."""
    if gift.entry is not None:
        journal.save(still)
        return
    fact = journal.make_fact("gift_not_entered", gift.id, gift.received_at)
    journal.refuse(_move(gift, fact), Refusal(reason), still)


def _move(gift: Donation, fact: Fact) -> Movement:
    return Movement("donation_received", fact, gift.fund_id, gift.amount_fen, gift.donor_id)
