"""What two people do: one proposes, another approves or declines."""

from abc import abstractmethod
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field

from services.audit.model.states import PlacedState
from services.audit.vouchers.messages import PUBLIC_TEXT_PERSONAL
from shared.contracts.ledger_fields import Authorisation
from shared.contracts.values import PositiveFen, Value, Whole
from shared.displayed import derive_digest
from shared.ids import make_id
from shared.messaging.decision import State
from shared.personal import is_personal_text

ProposalState = Literal["proposed", "open", "approved", "declined", "revoked", "cancelled"]


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def require_impersonal(text: str) -> str:
    """The text itself. Raises InvalidValueError where somebody's phone or ID number is in it."""
    if is_personal_text(text):
        raise PUBLIC_TEXT_PERSONAL.invalid_value()
    return text


PUBLIC = AfterValidator(require_impersonal)
"""Of a text that stands on the public log for ever: nobody's phone or ID number is in it. For
commands, not for states: one from before stays readable."""
_Number = Annotated[str, Field(min_length=1, max_length=40, pattern=r"\S")]
VoucherNumber = Annotated[_Number, PUBLIC]
VoucherNumberOrNone = Annotated[_Number | Literal[""], PUBLIC]


class Proposal(State):
    """maker proposed it; checker, another person, approved or declined it."""

    state: ProposalState = "proposed"
    maker: str
    checker: str = ""

    def resolve(self, state: ProposalState, checker: str) -> Self:
        return self.model_copy(update={"state": state, "checker": checker})

    @property
    def digest(self) -> str:
        """Of all that it says: who approves it says which one he read."""
        return derive_digest(self.model_dump(mode="json", exclude={"due_at", "correlation_id"}))

    @abstractmethod
    def to_json(self) -> dict[str, object]:
        """As the API shows it."""


class Approval(Value):
    """digest: of what the checker read; empty where no page showed it."""

    digest: Annotated[str, Field(max_length=64)] = ""


class ReferencedProposal(Proposal, PlacedState):
    """A proposal that needs a document: a donor's consent, a filing, a minute. Approved, it is an
    entry. voucher: the number of its 记账凭证. attachment: the digest of the file that proves it.
    Both are empty where nobody gave one."""

    reference: str
    foundation: str
    voucher: str = ""
    attachment: str = ""

    @property
    def authorisation(self) -> Authorisation:
        people = Authorisation(checker=self.checker, maker=self.maker, reference=self.reference)
        if self.voucher:
            people["voucher"] = self.voucher
        if self.attachment:
            people["attachment"] = self.attachment
        return people

    def to_json(self) -> dict[str, object]:
        return self.model_dump(mode="json", exclude={"due_at", "correlation_id", "leaf"})


class Transfer(ReferencedProposal):
    """Money from one fund to another of the same foundation."""

    COLLECTION: ClassVar[str] = "transfers"

    from_fund_id: str
    to_fund_id: str
    amount_fen: PositiveFen


class Reversal(ReferencedProposal):
    """The undoing of one entry. Its id is derived from the entry's place, so there is only one.

    leaf: the entry as it stands on the log; it never changes.
    """

    COLLECTION: ClassVar[str] = "reversals"

    reverses_log: str
    reverses: Annotated[Whole, Field(ge=0)]
    fund_id: str
    leaf: str


def derive_reversal_id(log: str, index: int) -> str:
    return make_id("V", log, str(index))
