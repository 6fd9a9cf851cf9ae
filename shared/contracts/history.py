"""What one service says of a request's way, for the page that shows all of it.

Each service words what it knows itself; ids, sums and states, nobody's name, phone or words.
"""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.values import Identifier, Moment, Value

HISTORY_PATH = "/internal/history"
PARTS_MAX = 200

HistoryService = Literal["intake", "matching", "audit", "notify"]


class Part(Value):
    """at: None where the service does not know when. is_wrong: it needs somebody.

    match_id: of the match that it is about. is_open: there is something to do with it: to bring it,
    to call the person.
    """

    at: Moment | None
    service: HistoryService
    zh: Annotated[str, Field(max_length=300)]
    en: Annotated[str, Field(max_length=300)]
    is_wrong: bool = False
    is_open: bool = False
    match_id: Identifier | None = None


class HistoryQuery(Value):
    """match_ids: the matches of the request that intake knows of."""

    request_id: Identifier
    person_id: Identifier
    match_ids: Annotated[tuple[Identifier, ...], Field(max_length=PARTS_MAX)] = ()


class History(Value):
    parts: Annotated[tuple[Part, ...], Field(max_length=PARTS_MAX)]
