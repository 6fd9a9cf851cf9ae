"""A confirmed need is due (应付): spent, no longer reserved, and owed until a bank pays it."""

from services.audit.decide.posting import Journal, Movement
from services.audit.model import Commitment, Fund, Payable
from shared.messaging.decision import States


def post_obligation(
    states: States, journal: Journal, movement: Movement, commitment: Commitment
) -> None:
    """All of the movement, of the fund that reserved it; once for a match, unless it was undone."""
    payable = states.get(Payable, commitment.id)
    fund = journal.find_newest(states.require(Fund, commitment.fund_id))
    if payable is None:
        payable = Payable(
            id=commitment.id,
            fund_id=commitment.fund_id,
            foundation=commitment.foundation,
            donor_id=commitment.donor_id,
            request_id=commitment.request_id,
            due_at_day=movement.fact.effective_at,
        )
    payable = payable.model_copy(update={"held": False, "order_id": ""})
    journal.post(movement, fund, commitment, payable=payable)
