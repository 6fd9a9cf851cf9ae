"""Staff erase nobody alone: one proposes, another approves. The person's own word needs nobody."""

from datetime import datetime
from typing import Literal

from services.intake.approvals.messages import ERASURE_OWN, ERASURE_UNPROPOSED
from services.intake.messages import PERSON_UNKNOWN
from services.intake.model import Person
from services.intake.model.erasure import (
    ApproveErasure,
    ErasureProposal,
    ProposeErasure,
    RefuseErasure,
)
from shared.messaging.decision import Answer, Command, Decision, States


def decide_propose_erasure(
    states: States, item: Command[ProposeErasure], now: datetime
) -> Decision:
    """Proposed again by another it is the first one's still."""
    person_id = item.data.person_id
    person, proposal = states.get_each((Person, person_id), (ErasureProposal, person_id))
    if person is None or person.erased:
        return Decision(answer=PERSON_UNKNOWN.refusal(404, "person_id"))
    if proposal is not None and (proposal.is_open(now) or proposal.state == "approved"):
        return Decision(answer=Answer(202, proposal.to_json()))
    proposal = ErasureProposal(id=person_id, proposed_by=item.principal, proposed_at=now)
    return Decision((proposal,), answer=Answer(202, proposal.to_json()))


def decide_approve_erasure(
    states: States, item: Command[ApproveErasure], now: datetime
) -> Decision:
    """Approved already, or erased already, it may go on: it may have been cut off."""
    person_id = item.data.person_id
    person, proposal = states.get_each((Person, person_id), (ErasureProposal, person_id))
    if person is None:
        return Decision(answer=PERSON_UNKNOWN.refusal(404, "person_id"))
    if person.erased or (proposal is not None and proposal.state == "approved"):
        return Decision(answer=Answer(200, {"person_id": person_id}))
    return _decide(proposal, item.principal, "approved", now)


def decide_refuse_erasure(states: States, item: Command[RefuseErasure], now: datetime) -> Decision:
    """Whoever may approve it, or who proposed it and thinks again."""
    proposal = states.get(ErasureProposal, item.data.person_id)
    return _decide(proposal, item.principal, "refused", now)


def _decide(
    proposal: ErasureProposal | None,
    principal: str,
    state: Literal["approved", "refused"],
    now: datetime,
) -> Decision:
    if proposal is None or not proposal.is_open(now):
        return Decision(answer=ERASURE_UNPROPOSED.refusal(409))
    if state == "approved" and proposal.proposed_by == principal:
        return Decision(answer=ERASURE_OWN.refusal(409))
    decided = proposal.model_copy(
        update={"state": state, "decided_by": principal, "decided_at": now}
    )
    return Decision((decided,), answer=Answer(200, decided.to_json()))
