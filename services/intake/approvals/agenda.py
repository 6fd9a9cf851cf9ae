"""What waits for a joint meeting, and the meetings somebody has to do with."""

from services.intake.model import Request, RequestState
from services.intake.model.meeting import Meeting
from services.intake.store import REQUESTS
from shared import mongo
from shared.scope import Scope

WAITING_MAX = 200
MEETINGS_MAX = 100

INDEXES: tuple[mongo.Index, ...] = (
    (
        Request.COLLECTION,
        [("recorded_at", 1), ("area.town_code", 1)],
        {"name": "meeting_due", "partialFilterExpression": {"waits_for": "meeting_due"}},
    ),
    (Meeting.COLLECTION, [("members", 1), ("on", -1)], {}),
    (Meeting.COLLECTION, [("convened_by", 1), ("on", -1)], {}),
)


async def find_for_meeting(
    database: mongo.Database, scope: Scope, town_code: str = ""
) -> list[Request]:
    """The oldest first; what is on an agenda already does not wait for one."""
    area = scope.narrow_area(town_code)
    if area is None:
        return []
    query = scope.model_copy(update={"area": area}).build_query(REQUESTS) | {
        "waits_for": "meeting_due",
        "state": RequestState.RECORDED.value,
        "meeting_id": {"$in": ["", None]},
    }
    return await mongo.find(database, Request, query, sort=[("recorded_at", 1)], limit=WAITING_MAX)


async def find_meetings(database: mongo.Database, holder: str) -> list[Meeting]:
    """Those he is invited to or convened, the latest first."""
    query = {"$or": [{"members": holder}, {"convened_by": holder}]}
    return await mongo.find(database, Meeting, query, sort=[("on", -1)], limit=MEETINGS_MAX)
