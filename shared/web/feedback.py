"""What became of a source's records, for the source itself: `GET /feedback?after=`."""

from typing import Annotated

from fastapi import Depends, Query

from shared.messaging.feedback import list_feedback
from shared.security import Credential, Role
from shared.web.access import Router, RuntimeDep, allow

SENDERS = (Role.CHANNEL, Role.DONOR_PARTNER, Role.BANK)

router = Router(tags=["feedback"])
Sender = Annotated[Credential, Depends(allow(*SENDERS))]
After = Annotated[int, Query(ge=0, le=10**12 - 1)]
Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("/feedback")
async def feedback(
    caller: Sender, runtime: RuntimeDep, after: After = 0, limit: Limit = 100
) -> dict[str, object]:
    """What became of each of your records, by topic, in order. Ask again with `next` as `after`.

    Kept for 30 days. Nobody reads another's.
    """
    rows = await list_feedback(runtime.database, caller.speaks_as, after, limit)
    return {"feedback": rows, "next": rows[-1]["number"] if rows else after}
