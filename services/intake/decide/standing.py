"""Who is believed about a person: our own staff, a register, and not whoever writes."""

from datetime import datetime, time, timedelta

from services.intake.messages import SIGHTING_DATE_WRONG
from services.intake.model import (
    ClassConfirmation,
    Person,
    SealedRequest,
    Sighting,
    Standing,
    Vouching,
)
from services.intake.rules import MEETING_CHANNELS, Rules
from shared.contracts.values import CHINA
from shared.messaging.decision import Answer

# A request of before names were told apart.
NO_NAME = "unnamed"
NOTHING_KNOWN = Standing()


def find_standing(rules: Rules, person: Person, name_id: str, now: datetime) -> Standing:
    """What we know of him under this name, and has not known for too long."""
    standing = person.standings.get(name_id or NO_NAME)
    if standing is None:
        return NOTHING_KNOWN
    since = now - timedelta(days=rules.standing_days)
    if standing.seen_at is None or standing.seen_at < since:
        standing = standing.model_copy(update={"sighting": None, "seen_at": None})
    if standing.confirmation and standing.confirmation.at < since:
        standing = standing.model_copy(update={"confirmation": None})
    return standing


def with_standing(person: Person, name_id: str, standing: Standing) -> Person:
    """Nothing is stored of a name of which nothing is known."""
    if standing == NOTHING_KNOWN:
        return person
    standings = {**person.standings, name_id or NO_NAME: standing}
    return person.model_copy(update={"standings": standings})


def add_recording(rules: Rules, standing: Standing, data: SealedRequest, now: datetime) -> Standing:
    """Who records it where he is with the person has met him, and answers for the class."""
    manner = MEETING_CHANNELS.get(data.channel)
    by = _find_meeting(rules, data)
    if manner and by:
        on = now.astimezone(CHINA).date().isoformat()
        standing = standing.model_copy(
            update={"sighting": Sighting(manner=manner, on=on, by=by), "seen_at": now}
        )
        return _with_class(standing, data, "visit", by, now)
    if data.source in rules.register_sources:
        return _with_class(standing, data, "register", data.source, now)
    return standing


def _find_meeting(rules: Rules, data: SealedRequest) -> str:
    """By whom the person was met, if the channel is one where people meet."""
    if data.recorded_by:
        return data.recorded_by if data.met else ""
    return data.source if data.source in rules.meeting_sources else ""


def _with_class(
    standing: Standing, data: SealedRequest, basis: str, by: str, now: datetime
) -> Standing:
    confirmation = ClassConfirmation.model_validate(
        {"beneficiary_class": data.beneficiary_class, "basis": basis, "by": by, "at": now}
    )
    return standing.model_copy(update={"confirmation": confirmation})


def add_vouching(standing: Standing, vouching: Vouching, by: str, now: datetime) -> Standing:
    """What a member of staff says of the person, today or of a day before."""
    changes: dict[str, object] = {}
    if seen := vouching.seen:
        on = seen.on or now.astimezone(CHINA).date()
        sighting = Sighting(manner=seen.manner, on=on.isoformat(), by=by)
        changes |= {"sighting": sighting, "seen_at": datetime.combine(on, time(), CHINA)}
    if confirmed := vouching.confirmed:
        changes["confirmation"] = ClassConfirmation(
            beneficiary_class=confirmed.beneficiary_class, basis=confirmed.basis, by=by, at=now
        )
    return standing.model_copy(update=changes)


def refuse_vouching(rules: Rules, vouching: Vouching, now: datetime) -> Answer | None:
    """None where it can be true, and holds still."""
    today, days = now.astimezone(CHINA).date(), rules.standing_days
    on = vouching.seen.on if vouching.seen else None
    if on and not today - timedelta(days=days) < on <= today:
        return SIGHTING_DATE_WRONG.refusal(422, "seen.on", days=days)
    return None
