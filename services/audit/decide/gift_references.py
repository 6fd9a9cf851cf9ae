"""One line of a bank is one gift, whichever way it comes: by a feed or a file, under any id.

A line is known by the account it is on and the bank's reference; where nobody says the account, by
who says it. A source that may report gifts alone (`Rules.payment_sources`) says it for itself: it
cannot take the reference of another's line. Rows without a reference are counted by their file
(`statements.files.Identities`).
"""

from services.audit.decide.posting import Journal, Movement, Refusal
from services.audit.model import (
    BankEvent,
    BankFact,
    Donation,
    GiftReference,
    derive_gift_reference_id,
    is_banks_reference,
)
from services.audit.rules import Rules
from shared.contracts.events import DonationReceived
from shared.messaging.decision import Answer, Decision, States


def decide_by_reference(
    rules: Rules,
    states: States,
    journal: Journal,
    event: BankEvent[DonationReceived],
    movement: Movement,
) -> Decision | None:
    """Of a line that brought a gift under another id: it is that gift, or for another sum it is
    refused. None where it is new, or where a person said that it is another gift."""
    fact = event.data
    if not is_banks_reference(fact.bank_reference):
        return None
    account = fact.own_account if rules.may_state_payments(event.source) else ""
    id_ = derive_gift_reference_id(account or event.source, fact.bank_reference)
    gift, identity = _find_gift(states, id_, fact), BankFact.from_event(event)
    if gift is None:
        moment = fact.received_at
        journal.save(GiftReference(id=id_, donation_id=event.donation_id, received_at=moment))
        return None
    if gift.amount_fen != fact.amount_fen:
        journal.refuse(movement, Refusal("id_reused"), identity)
        return journal.close()
    journal.save(identity.model_copy(update={"gift_id": gift.id}))
    if fact.statement is not None and fact.statement not in gift.statements:
        statements = (*gift.statements, fact.statement)
        journal.save(gift.model_copy(update={"statements": statements}))
    return journal.close(Answer(200, {"ledger_id": gift.id, "state": "known"}))


def _find_gift(states: States, id_: str, fact: DonationReceived) -> Donation | None:
    """That the line brought. What was refused then, or undone since, may come again."""
    line = states.get(GiftReference, id_)
    if line is None or not line.is_near(fact.received_at):
        return None
    gift = states.require(Donation, line.donation_id)
    is_there = gift.is_on_ledger or gift.waiting
    return gift if is_there and gift.id not in fact.distinct_from else None
