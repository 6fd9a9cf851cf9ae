"""Emergencies: proposed, confirmed by another, ended before their time."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.intake.emergencies.messages import (
    EMERGENCY_AREA_FOREIGN,
    EMERGENCY_AREA_MISSING,
    EMERGENCY_AREA_UNKNOWN,
    EMERGENCY_LEVEL,
    EMERGENCY_OWN,
    EMERGENCY_PERIOD_LONG,
    EMERGENCY_PERIOD_WRONG,
    EMERGENCY_STATE,
    EMERGENCY_UNKNOWN,
)
from services.intake.model.emergency import (
    TOWN_DIGITS,
    ConfirmEmergency,
    Emergency,
    EmergencyRules,
    EmergencyState,
    EndEmergency,
    ProposeEmergency,
)
from shared.calendar import find_day, find_end
from shared.contracts.events import EmergencyDeclared, EmergencyEnded
from shared.messaging.decision import Answer, Command, Decision, States
from shared.towns import is_city_wide, is_known

DAY = timedelta(days=1)
STATES: dict[EmergencyState, tuple[str, str]] = {
    "proposed": ("待确认", "proposed"),
    "declared": ("已启动", "declared"),
    "ended": ("已提前结束", "ended before its time"),
    "refused": ("未获确认", "refused"),
}


def decide_propose(
    rules: EmergencyRules, states: States, command: Command[ProposeEmergency], now: datetime
) -> Decision:
    data = command.data
    if existing := states.get(Emergency, data.emergency_id):
        return Decision(answer=_refuse_state(existing))
    if refusal := _find_obstacle(rules, data, now):
        return Decision(answer=refusal)
    emergency = Emergency(
        id=data.emergency_id,
        state="proposed",
        area_codes=tuple(dict.fromkeys(data.area_codes)),
        categories=tuple(dict.fromkeys(data.categories)),
        cause=data.cause,
        starts_at=find_end(data.starts_on - DAY),
        ends_at=find_end(data.until),
        lift=rules.emergency_lift,
        proposed_by=data.by,
        proposed_at=now,
    )
    return Decision((emergency,), answer=_build_answer(emergency, 201))


def _find_obstacle(rules: EmergencyRules, data: ProposeEmergency, now: datetime) -> Answer | None:
    is_town = rules.emergency_by_towns and "town" in data.levels
    if "city" not in data.levels and not is_town:
        return EMERGENCY_LEVEL.refusal(403)
    if not data.area_codes:
        return EMERGENCY_AREA_MISSING.refusal(422, "area_codes")
    for code in data.area_codes:
        town = code[:TOWN_DIGITS]
        if not is_known(town) or is_city_wide(town):
            return EMERGENCY_AREA_UNKNOWN.refusal(422, "area_codes", code=code)
    if refusal := _refuse_foreign(data.area_codes, data.area):
        return refusal
    today, most = find_day(now), rules.emergency_days_max
    if data.until < max(data.starts_on, today):
        return EMERGENCY_PERIOD_WRONG.refusal(422, "until")
    if (data.until - data.starts_on).days >= most or (data.starts_on - today).days > most:
        return EMERGENCY_PERIOD_LONG.refusal(422, "until", days=most)
    return None


def decide_confirm(states: States, command: Command[ConfirmEmergency], now: datetime) -> Decision:
    """By another than proposed it; it begins no earlier than now."""
    data = command.data
    emergency = _get_emergency(states, data)
    if isinstance(emergency, Answer):
        return Decision(answer=emergency)
    if emergency.state != "proposed":
        return Decision(answer=_refuse_state(emergency))
    if emergency.proposed_by == data.by:
        return Decision(answer=EMERGENCY_OWN.refusal(403))
    if emergency.ends_at <= now:
        return Decision(answer=EMERGENCY_PERIOD_WRONG.refusal(409, "until"))
    declared = emergency.model_copy(
        update={
            "state": "declared",
            "confirmed_by": data.by,
            "confirmed_at": now,
            "starts_at": max(emergency.starts_at, now),
        }
    )
    fact = EmergencyDeclared(
        area_codes=declared.area_codes,
        categories=declared.categories,
        cause=declared.cause,
        lift=declared.lift,
        starts_at=declared.starts_at,
        ends_at=declared.ends_at,
        proposed_by=declared.proposed_by,
        confirmed_by=declared.confirmed_by,
    )
    return Decision((declared,), ((declared, fact),), _build_answer(declared))


def decide_emergency_end(states: States, command: Command[EndEmergency], now: datetime) -> Decision:
    """Measures go back to the usual at once: one is enough for that."""
    data = command.data
    emergency = _get_emergency(states, data)
    if isinstance(emergency, Answer):
        return Decision(answer=emergency)
    if emergency.state == "proposed":
        refused = emergency.model_copy(
            update={"state": "refused", "ended_by": data.by, "ended_at": now}
        )
        return Decision((refused,), answer=_build_answer(refused))
    if emergency.state != "declared" or emergency.ends_at <= now:
        return Decision(answer=_refuse_state(emergency))
    ended = emergency.model_copy(
        update={
            "state": "ended",
            "ended_by": data.by,
            "ended_at": now,
            "starts_at": min(emergency.starts_at, now),
            "ends_at": now,
        }
    )
    fact = EmergencyEnded(ended_at=now, ended_by=data.by)
    return Decision((ended,), ((ended, fact),), _build_answer(ended))


def _get_emergency(states: States, data: ConfirmEmergency | EndEmergency) -> Emergency | Answer:
    emergency = states.get(Emergency, data.emergency_id)
    if emergency is None:
        return EMERGENCY_UNKNOWN.refusal(404)
    if "city" not in data.levels:
        return EMERGENCY_LEVEL.refusal(403)
    return _refuse_foreign(emergency.area_codes, data.area) or emergency


def _refuse_foreign(area_codes: Iterable[str], area: str) -> Answer | None:
    foreign = next((code for code in area_codes if not code.startswith(area)), None)
    return EMERGENCY_AREA_FOREIGN.refusal(403, "area_codes", code=foreign) if foreign else None


def _refuse_state(emergency: Emergency) -> Answer:
    zh, en = STATES[emergency.state]
    return EMERGENCY_STATE.refusal(409, "state", state_zh=zh, state=en)


def _build_answer(emergency: Emergency, status: int = 200) -> Answer:
    body = {
        "emergency_id": emergency.id,
        "state": emergency.state,
        "starts_at": emergency.starts_at.isoformat(),
        "ends_at": emergency.ends_at.isoformat(),
    }
    return Answer(status, body)
