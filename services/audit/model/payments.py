"""What was paid for one request, over all of its matches. Integer fen.

A request is not paid twice: what was paid for a match that fell afterwards stands in the way of the
next payment, until it is reversed on the ledger or two people say that it may be paid again.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from pydantic import Field, computed_field

from services.audit.model.proposal import Approval, Proposal
from shared.contracts.values import Fen, Identifier, ShortText, Value
from shared.messaging.decision import State, States


class RequestPayments(State):
    """Its id is the request's.

    asked_fen: what the request asks for in all; None where no match said so.
    paid: by match, what was paid for it; without what was reversed, or may be paid again.
    fallen: those of them that fell after they were paid, in part or whole.
    refused: matches that were not promised or not paid anything because of what is paid.
    """

    COLLECTION: ClassVar[str] = "request_payments"

    asked_fen: Fen | None = None
    paid: Mapping[str, int] = Field(default_factory=dict)
    fallen: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @computed_field  # type: ignore[prop-decorator]  # stored, so that people find what waits
    @property
    def is_unsettled(self) -> bool:
        """Whether somebody must act."""
        return bool(self.fallen or self.refused)

    def count_available(self, match_id: str) -> int:
        """What may still be paid for the request: nothing where something fell and nobody said
        what the request asks for."""
        others = sum(fen for id_, fen in self.paid.items() if id_ != match_id)
        return max(0, (self.asked_fen or 0) - others)

    def may_pay(self, match_id: str, amount_fen: int) -> bool:
        """amount_fen: in all, what was paid for this match included."""
        if self.asked_fen is None:
            return not self.fallen
        return amount_fen <= self.count_available(match_id)

    def with_asked(self, asked_fen: int | None) -> Self:
        return self.model_copy(update={"asked_fen": asked_fen or self.asked_fen})

    def with_paid(self, match_id: str, amount_fen: int) -> Self:
        """So much more; a reversal takes off."""
        paid = {**self.paid, match_id: max(0, self.paid.get(match_id, 0) + amount_fen)}
        paid = {id_: fen for id_, fen in paid.items() if fen}
        fallen = tuple(id_ for id_ in self.fallen if id_ in paid)
        return self.model_copy(update={"paid": paid, "fallen": fallen})

    def with_fallen(self, match_id: str, paid_fen: int) -> Self:
        paid = {**self.paid, match_id: paid_fen}
        return self.model_copy(update={"paid": paid, "fallen": (*self.fallen, match_id)})

    def with_refused(self, match_id: str) -> Self:
        refused = (*(id_ for id_ in self.refused if id_ != match_id), match_id)
        return self.model_copy(update={"refused": refused})

    def settle(self) -> Self:
        """What was paid for nothing, else all that was paid, stands in the way no more."""
        settled = self.fallen or tuple(self.paid)
        paid = {id_: fen for id_, fen in self.paid.items() if id_ not in settled}
        return self.model_copy(update={"paid": paid, "fallen": (), "refused": ()})


def get_payments(states: States, request_id: str) -> RequestPayments:
    return states.get(RequestPayments, request_id) or RequestPayments(id=request_id)


class SecondPayment(Proposal):
    """Two people say that a request may be paid though it was paid already. Its id is the
    request's: there is one at a time.

    reason: theirs, with the document it stands in. fallen: the matches that were paid for nothing.
    """

    COLLECTION: ClassVar[str] = "second_payments"

    reason: str
    fallen: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        return self.model_dump(mode="json", exclude={"due_at", "correlation_id"})


class ProposeSecondPayment(Value):
    request_id: Identifier
    reason: Annotated[ShortText, Field(pattern=r"\S")]


class ApproveSecondPayment(Approval):
    request_id: Identifier


class DeclineSecondPayment(Value):
    request_id: Identifier
