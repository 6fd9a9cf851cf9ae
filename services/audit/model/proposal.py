"""What two people do: one proposes, another approves or declines."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field

from shared.contracts.ledger import Authorisation
from shared.contracts.values import PositiveFen
from shared.ids import derived_id
from shared.messaging.decision import State

ProposalState = Literal["proposed", "open", "approved", "declined"]


class Proposal(State):
    """maker proposed it; checker, another person, approved or declined it."""

    state: ProposalState = "proposed"
    maker: str
    checker: str = ""

    def decided(self, state: ProposalState, checker: str) -> Self:
        return self.model_copy(update={"state": state, "checker": checker})


class Referenced(Proposal):
    """A proposal that needs a document: a donor's consent, a filing, a minute.

    log and entry: where it stands once it is approved.
    """

    reference: str
    foundation: str
    log: str = ""
    entry: int | None = None

    def authorisation(self) -> Authorisation:
        return Authorisation(checker=self.checker, maker=self.maker, reference=self.reference)


class Transfer(Referenced):
    """Money from one fund to another of the same foundation."""

    COLLECTION: ClassVar[str] = "transfers"

    from_fund_id: str
    to_fund_id: str
    amount_fen: PositiveFen


class Reversal(Referenced):
    """The undoing of one entry. Its id is derived from the entry's place, so there is only one.

    leaf: the entry as it stands on the log; it never changes.
    """

    COLLECTION: ClassVar[str] = "reversals"

    reverses_log: str
    reverses: Annotated[int, Field(ge=0)]
    fund_id: str
    leaf: str


def reversal_id(log: str, index: int) -> str:
    return derived_id("V", log, str(index))


def shown(proposal: Transfer | Reversal) -> dict[str, Any]:
    """As the API shows it."""
    return proposal.model_dump(mode="json", exclude={"due_at", "correlation_id", "leaf"})
