"""Decisions on emergency areas: declared, and ended before their time."""

from datetime import datetime

from services.matching.decide.campaigns import check_period
from services.matching.decide.unknown import no_such
from services.matching.model.campaign import DeclareEmergency, Emergency, EndEmergency
from shared.messaging.decision import Answer, AnyRef, Command, Decision, Ref, States, refusal


def touches_declare(command: Command[DeclareEmergency]) -> tuple[AnyRef, ...]:
    return (Ref(Emergency, command.data.emergency_id),)


def decide_declare(states: States, command: Command[DeclareEmergency], now: datetime) -> Decision:
    """Raises Invalid when the period is none, or over."""
    said = command.data
    if states.get(Emergency, said.emergency_id) is not None:
        zh, en = "已有这个编号的应急区域", "there is an emergency of this id"
        return Decision(answer=refusal(409, "emergency_exists", zh, en, "emergency_id"))
    check_period(said.terms.starts_at, said.terms.ends_at, now)
    declared = Emergency(
        id=said.emergency_id, declared_by=command.principal, **said.terms.model_dump()
    )
    return Decision((declared,), answer=_told(declared, 201))


def touches_end(command: Command[EndEmergency]) -> tuple[AnyRef, ...]:
    return (Ref(Emergency, command.data.emergency_id),)


def decide_end(states: States, command: Command[EndEmergency], now: datetime) -> Decision:
    emergency = states.get(Emergency, command.data.emergency_id)
    if emergency is None:
        return Decision(answer=no_such("emergency"))
    if emergency.ends_at <= now:
        return Decision(answer=_told(emergency))
    ended = emergency.model_copy(
        update={"ends_at": now, "starts_at": min(emergency.starts_at, now)}
    )
    return Decision((ended,), answer=_told(ended))


def _told(emergency: Emergency, status: int = 200) -> Answer:
    return Answer(status, {"emergency_id": emergency.id, "ends_at": emergency.ends_at.isoformat()})
