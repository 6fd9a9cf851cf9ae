"""Notices found by what staff know of them: a case, a reference, a person, a state, a day."""

import re
from datetime import date, datetime, time, timedelta
from typing import Annotated

from pydantic import Field

from services.notify.model import Notice, NoticeState
from services.notify.store import AREA, IN_ANY_STATE
from shared import mongo
from shared.contracts.values import CHINA, Identifier, Value
from shared.references import REFERENCE_LENGTH
from shared.scope import Scope

LOOKS_BACK = timedelta(days=60)
"""For a reference without a day: it is the end of a number, so no index finds it."""


Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2999, 12, 31))]
"""None so far away that no moment can be said of it."""


class Search(Value):
    """about: a case's number, or the six characters that its notices carry. person_id: for those
    of the whole city alone. purposes: any of them."""

    about: Annotated[str, Field(max_length=200)] = ""
    person_id: Identifier | None = None
    state: NoticeState | None = None
    purposes: tuple[Identifier, ...] = ()
    day: Day | None = None


def build_query(search: Search, scope: Scope, now: datetime) -> dict[str, object]:
    query: dict[str, object] = {
        "state": search.state or IN_ANY_STATE,
        "purpose": {"$in": list(search.purposes)} if search.purposes else None,
    }
    if not scope.area:
        query["person_id"] = search.person_id
    begins = None
    if search.day is not None:
        begins = datetime.combine(search.day, time(), CHINA)
        query["created_at"] = {"$gte": begins, "$lt": begins + timedelta(days=1)}
    about = search.about.strip()
    if len(about) == REFERENCE_LENGTH:
        query["regarding"] = {"$regex": f"{re.escape(about)}(?:-O-.*)?$", "$options": "i"}
        if begins is None:
            query["created_at"] = {"$gte": now - LOOKS_BACK}
    elif about:
        query["$or"] = [
            {"regarding": about},
            {"regarding": {"$regex": f"^M-{re.escape(about)}-"}},
        ]
    criteria = {name: value for name, value in query.items() if value is not None}
    return {"$and": [criteria, scope.build_query(AREA)]}


async def search_notices(
    database: mongo.Database, search: Search, scope: Scope, now: datetime, limit: int
) -> list[Notice]:
    """Newest first, of the caller's area."""
    query = build_query(search, scope, now)
    return await mongo.find(database, Notice, query, sort=[("created_at", -1)], limit=limit)
