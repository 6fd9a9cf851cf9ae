"""One line of a bank is one gift, whichever way it comes: by a feed or a file, under any id.

A line is known by the account it is on and the bank's reference; where nobody says the account, by
who says it. A source that may report gifts alone (`Rules.payment_sources`) says it for itself: it
cannot take the reference of another's line. Rows without a reference are counted by their file
(`statements.files.Identities`).

Some banks give a whole batch one reference. So another giver under a known reference may be another
gift, and so may the same giver's other sum: a person is asked, and nothing is entered or dropped
before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from services.audit.decide.posting import Journal
from services.audit.model import (
    BankEvent,
    BankFact,
    BankQuestion,
    Donation,
    GiftReference,
    derive_bank_question_id,
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
    donation: Donation,
) -> Decision | None:
    """Of a line that brought a gift under another id: it is that gift, or of another giver or sum,
    and a person is asked. None where it is new, or where a person said that it is another gift."""
    fact = event.data
    ids = derive_line_ids(rules, event)
    if not ids:
        return None
    references = _References.load(states, *ids)
    gift = references.find_gift(states, donation)
    is_same = gift is not None and _is_same(gift, donation)
    if not is_same:
        journal.save(*references.note(donation))
    if gift is None:
        journal.save(*_reopen_pairs(states, rules, event))
        return None
    identity = BankFact.from_event(event)
    if not is_same:
        due_at = journal.now + timedelta(days=rules.waiting_gift_days)
        update = {"refused": True, "due_at": due_at, "may_be": gift.id}
        journal.save(identity, donation.model_copy(update=update))
        return journal.close(Answer(202, {"state": "asked"}))
    journal.save(identity.model_copy(update={"gift_id": gift.id}))
    if fact.statement is not None and fact.statement not in gift.statements:
        statements = (*gift.statements, fact.statement)
        journal.save(gift.model_copy(update={"statements": statements}))
    return journal.close(Answer(200, {"ledger_id": gift.id, "state": "known"}))


def derive_line_ids(rules: Rules, event: BankEvent[DonationReceived]) -> tuple[str, ...]:
    """Of the references to its line: whoever gave, of this giver, and of this giver's sum; none
    without a bank's."""
    fact = event.data
    if not is_banks_reference(fact.bank_reference):
        return ()
    account = fact.own_account if rules.may_state_payments(event.source) else ""
    line = (account or event.source, fact.bank_reference)
    gift = (fact.donor_id, str(fact.amount_fen))
    return tuple(derive_gift_reference_id(*line, *gift[:count]) for count in range(3))


def derive_pair_ids(rules: Rules, event: BankEvent[DonationReceived]) -> tuple[str, ...]:
    """Of what may have left again under its reference, by the bank's mark that came before it."""
    fact = event.data
    if not is_banks_reference(fact.bank_reference) or not rules.may_state_payments(event.source):
        return ()
    line = (fact.bank_reference, "paid", fact.amount_fen, None)
    accounts = dict.fromkeys(("", fact.own_account))
    return tuple(derive_bank_question_id(*line, account) for account in accounts)


def _reopen_pairs(
    states: States, rules: Rules, event: BankEvent[DonationReceived]
) -> Iterator[BankQuestion]:
    """Its credit did bring a gift, so finance is asked what left."""
    fact = event.data
    for id_ in derive_pair_ids(rules, event):
        question = states.get(BankQuestion, id_)
        if question is None or not question.is_pair:
            continue
        if question.is_of(fact.own_account) and question.is_near(fact.received_at):
            yield question.reopen()


@dataclass(frozen=True, slots=True)
class _References:
    """first: of the line, whoever gave. own: of this giver, who is not the first under it, or of
    his other sum. of_sum: of a further sum of his; loaded only where the line brought a gift
    before."""

    first: GiftReference | None
    own: GiftReference | None
    of_sum: GiftReference | None
    ids: tuple[str, ...]

    @classmethod
    def load(cls, states: States, *ids: str) -> Self:
        first_id, own_id, sum_id = ids
        first, own = states.get_each((GiftReference, first_id), (GiftReference, own_id))
        of_sum = states.get(GiftReference, sum_id) if own is not None else None
        return cls(first, own, of_sum, ids)

    def find_gift(self, states: States, donation: Donation) -> Donation | None:
        """The same, else this giver's, else the first's."""
        references = (self.of_sum, self.own, self.first)
        gifts = [gift for each in references if (gift := _find_gift(states, each, donation))]
        same = (gift for gift in gifts if _is_same(gift, donation))
        return next(same, gifts[0] if gifts else None)

    def note(self, donation: Donation) -> Iterator[GiftReference]:
        """That the line brought this gift too."""
        moment, (first_id, own_id, sum_id) = donation.received_at, self.ids
        if self.first is None or not self.first.is_near(moment):
            yield GiftReference(id=first_id, donation_id=donation.id, received_at=moment)
            return
        is_own_free = self.own is None or not self.own.is_near(moment)
        id_ = own_id if is_own_free else sum_id
        yield self.first.model_copy(update={"is_shared": True})
        yield GiftReference(id=id_, donation_id=donation.id, received_at=moment)


def _is_same(gift: Donation, donation: Donation) -> bool:
    """Whether one giver gave the same sum by both."""
    mine, theirs = ((each.donor_id, each.amount_fen) for each in (gift, donation))
    return mine == theirs


def _find_gift(states: States, line: GiftReference | None, donation: Donation) -> Donation | None:
    """That the line brought. What was refused then, or undone since, may come again."""
    if line is None or not line.is_near(donation.received_at):
        return None
    gift = states.require(Donation, line.donation_id)
    is_there = gift.is_on_ledger or gift.waiting or gift.is_asked
    return gift if is_there and gift.id not in donation.distinct_from else None
