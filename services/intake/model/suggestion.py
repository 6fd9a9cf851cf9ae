"""What looks alike, for a member of staff to judge: two records of a person, two requests."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts.values import Identifier, ShortText, Value
from shared.messaging.decision import State

Subject = Literal["person", "request"]
Judged = Literal["merged", "apart"]
SuggestionState = Literal["open", "merged", "apart"]
LikenessReason = Literal[
    "identity_same",
    "phone_same",
    "name_place_same",
    "person_same",
    "need_same",
    "text_alike",
    "household_same",
    "name_same",
    "place_same",
    "time_near",
]

LIKENESS_LABELS: Mapping[LikenessReason, str] = {
    "identity_same": "证件号码相同，姓名不同",
    "phone_same": "手机号或微信相同",
    "name_place_same": "姓名和村居（镇街）相同",
    "person_same": "同一人",
    "need_same": "类别和所需相同",
    "text_alike": "内容相近",
    "household_same": "同一家庭户",
    "name_same": "姓名相同",
    "place_same": "同一村（居）",
    "time_near": "两周以内",
}


class Suggestion(State):
    """That two are one. first_id: which was there before.

    town_code, village_code: of the later one's request, whose office looks. apart: somebody looked,
    and they are two.
    """

    COLLECTION: ClassVar[str] = "suggestions"

    subject: Subject
    first_id: str
    second_id: str
    reasons: tuple[LikenessReason, ...]
    state: SuggestionState = "open"
    town_code: str
    village_code: str | None = None
    made_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None

    @property
    def place(self) -> str:
        return self.village_code or self.town_code


class NameInPlace(State):
    """Who is called so in a village or town, as long as they are few: a name of many tells nothing.

    id: keyed digest of both.
    """

    COLLECTION: ClassVar[str] = "names_in_places"

    person_ids: tuple[str, ...] = ()


Why = Annotated[ShortText, Field(pattern=r"\S")]


class DecideSuggestion(Value):
    """merged: they are one; apart: they are two, also after they were merged. area: the code prefix
    that who says so works in."""

    suggestion_id: Identifier
    verdict: Judged
    area: str = ""


class JudgeAlike(Value):
    """What somebody who read both says of two requests. reasons: what he was shown."""

    request_id: Identifier
    other_id: Identifier
    verdict: Judged
    reasons: tuple[LikenessReason, ...] = ()
    area: str = ""


class JoinPersons(Value):
    """Two records are one person. area: the code prefix that who says so works in."""

    person_id: Identifier
    other_id: Identifier
    area: str = ""


class SeparatePerson(Value):
    """This record is of somebody else than those it was joined with. area: as in `JoinPersons`."""

    person_id: Identifier
    area: str = ""


class SeparateRequest(Value):
    """It repeats no other request, whatever was said before."""

    request_id: Identifier
    area: str = ""
