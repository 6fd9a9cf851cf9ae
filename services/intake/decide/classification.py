"""A person says what a request is while it waits; the machine only suggested it.

It opens nothing: who approves it is another, and reads what he approves.
"""

from datetime import datetime

from services.intake.decide.requests import (
    announce,
    find_case,
    find_level,
    make_fact,
    refuse_state,
)
from services.intake.messages import AREA_FOREIGN
from services.intake.model import Request, RequestState, WaitReason
from services.intake.model.classification import Classification, ClassifyRequest
from services.intake.rules import Rules, find_wait_reasons
from shared.contracts.values import Area, Kind
from shared.messages import TOWN_UNKNOWN
from shared.messaging.decision import Answer, Command, Decision, States
from shared.towns import is_known

_BY_WHAT_IT_IS: frozenset[WaitReason] = frozenset(
    {"town_missing", "need_large", "kind_project", "category_other"}
)


def decide_classify(
    rules: Rules, states: States, item: Command[ClassifyRequest], now: datetime
) -> Decision:
    """What moves to another town or level is told to whom it concerns now; its person heard of it
    before."""
    data = item.data
    request = find_case(states, data)
    if isinstance(request, Answer):
        return Decision(answer=request)
    if request.state is not RequestState.RECORDED:
        return Decision(answer=refuse_state(request))
    town = data.town_code or request.area.town_code
    if not is_known(town):
        return Decision(answer=TOWN_UNKNOWN.refusal(422, "town"))
    if not town.startswith(data.area[:9]):
        return Decision(answer=AREA_FOREIGN.refusal(403, "town"))
    judged = _hold(rules, _apply(request, data, town, now))
    has_moved = (judged.area, judged.approval_level) != (request.area, request.approval_level)
    fact = make_fact(judged.model_copy(update={"quiet": True})) if has_moved else None
    return announce(judged, fact)


def _apply(request: Request, data: ClassifyRequest, town: str, now: datetime) -> Request:
    """The village goes with the town that it is in."""
    area = request.area if town == request.area.town_code else Area(town_code=town)
    changes: dict[str, object] = {
        "area": area,
        "classified": Classification(by=data.by, at=now, was=request.category),
    }
    fields = ("kind", "category", "declared_class", "urgent")
    changes |= {name: value for name in fields if (value := getattr(data, name)) is not None}
    if data.kind not in (None, request.kind):
        changes["was_wish"] = request.was_wish or request.kind is Kind.WISH
        changes["kind_by"] = tuple(dict.fromkeys((*request.kind_by, data.by)))
    if data.urgent is False:
        changes["danger"] = False
    return request.model_copy(update=changes)


def _hold(rules: Rules, request: Request) -> Request:
    """It waits for whom it is now; where nothing else is left, for what it waited for."""
    scope = (request.kind, request.category, request.need, request.area)
    others = (reason for reason in request.waits_for if reason not in _BY_WHAT_IT_IS)
    reasons = tuple(dict.fromkeys((*find_wait_reasons(rules, *scope), *others)))
    level = find_level(rules, request)
    changes = {"waits_for": reasons or request.waits_for, "approval_level": level}
    return request.model_copy(update=changes)
