"""A case that waits for what is missing, and what its person writes meanwhile."""

from services.intake.decide.identities import are_one, list_reached
from services.intake.model import Message, Request, RequestState
from shared.messaging.decision import States


def find_returned(states: States, message: Message) -> str | None:
    """The only case that waits for what is missing of the one whom the contact point reaches: what
    he writes now may be it, and is read beside it."""
    reached = list_reached(states, message.point_id, message.earlier_id)
    if not reached or not are_one([each.person for each in reached]):
        return None
    entries = (entry for each in reached for entry in each.person.unfinished.values())
    requests = states.get_many(Request, sorted({entry.request_id for entry in entries})).values()
    ids = [r.id for r in requests if r.state is RequestState.RETURNED and r.is_own_word]
    return ids[0] if len(ids) == 1 else None
