"""What staff propose to erase: a second one of them carries it out."""

from datetime import datetime, timedelta
from typing import ClassVar, Literal

from shared.contracts.values import Identifier, Value
from shared.messaging.decision import State

LIFETIME = timedelta(days=7)

ErasureState = Literal["proposed", "approved", "refused", "done"]


class ErasureProposal(State):
    """Of the person whose id it has. done: he was erased, by whomever; it stands for no other time.

    decided_by: who approved or refused it.
    """

    COLLECTION: ClassVar[str] = "erasure_proposals"

    state: ErasureState = "proposed"
    proposed_by: str
    proposed_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        return self.state == "proposed" and now < self.proposed_at + LIFETIME

    def to_json(self) -> dict[str, object]:
        return {
            "person_id": self.id,
            "state": self.state,
            "proposed_by": self.proposed_by,
            "proposed_at": self.proposed_at.isoformat(),
        }


# --- commands ---


class ProposeErasure(Value):
    person_id: Identifier


class ApproveErasure(Value):
    person_id: Identifier


class RefuseErasure(Value):
    person_id: Identifier
