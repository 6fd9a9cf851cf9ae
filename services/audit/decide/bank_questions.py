"""What was asked of a line of the bank before, and a line that is known."""

from dataclasses import dataclass

from services.audit import messages
from services.audit.model import BankEvent, BankFact, BankQuestion, derive_bank_question_id
from shared.answers import Answer
from shared.contracts.events import BankLineStated
from shared.messaging.decision import NOTHING, Decision, Ref, States


def decide_repeated_line(event: BankEvent[BankLineStated], bank_fact: BankFact) -> Decision:
    """Of an id that came before: the same line again is nothing."""
    if event.digest in bank_fact.digests:
        return NOTHING
    return Decision(answer=messages.FACT_ID_REUSED.refusal(409))


def know_line(bank_fact: BankFact) -> Decision:
    """It is entered, or asked about: nothing is done."""
    return Decision((bank_fact.with_outcome("known"),), answer=Answer(200, {"state": "known"}))


@dataclass(frozen=True, slots=True)
class Questions:
    """What was asked of this line before. id: of the question about it; own: the same line, from
    whichever source; unnamed: one that a source sent without the order's reference."""

    id: str
    own: BankQuestion | None
    unnamed: BankQuestion | None

    @property
    def was_entered(self) -> bool:
        return any(each is not None and each.is_entered for each in (self.own, self.unnamed))

    @property
    def was_answered(self) -> bool:
        """Two people said what the line is, or it is entered."""
        return self.own is not None and not self.own.is_open

    def close(self) -> list[BankQuestion]:
        """The line closes an order after all."""
        opened = (each for each in (self.own, self.unnamed) if each is not None and each.is_open)
        return [each.model_copy(update={"is_open": False, "is_entered": True}) for each in opened]


def find_questions(
    states: States, stated: BankLineStated, named: tuple[str, int] | None
) -> Questions:
    """By account and reference; a source that does not name the account says nothing against it."""
    line = (stated.bank_reference, stated.direction, stated.amount_fen)
    ids = [
        derive_bank_question_id(*line, memo, account)
        for memo in (named, None)
        for account in ("", stated.own_account)
    ]
    states.prefetch(*(Ref(BankQuestion, id_) for id_ in ids))
    first, own, unnamed, own_unnamed = (states.get(BankQuestion, id_) for id_ in ids)
    is_mine = first is None or first.is_of(stated.own_account)
    return Questions(
        ids[0] if is_mine else ids[1],
        first if is_mine else own,
        unnamed if unnamed is None or unnamed.is_of(stated.own_account) else own_unnamed,
    )
