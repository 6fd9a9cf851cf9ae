"""Who brings the help says on which day it comes. docs/decisions/0229."""

from datetime import datetime, timedelta

from services.matching.decide.cases import answer_match, get_match, refuse_state, refuse_unknown
from services.matching.messages import COMING_DAY_OFTEN, COMING_DAY_WRONG
from services.matching.model.match import ScheduleMatch
from shared.contracts.events import MatchScheduled
from shared.contracts.values import CHINA
from shared.messaging.decision import Answer, Command, Decision, States

COMES_WITHIN_DAYS = 90
DAYS_SAID_MAX = 5
"""Each is an SMS to the person."""


def decide_schedule(states: States, command: Command[ScheduleMatch], now: datetime) -> Decision:
    """Once it is promised, and until it is handed over. Another day replaces the one before."""
    match = get_match(states, command.data.match_id)
    if match is None or not match.is_seen(command.data.scope):
        return refuse_unknown()
    if match.state != "committed":
        return refuse_state(match)
    comes_on, today = command.data.comes_on, now.astimezone(CHINA).date()
    if not today <= comes_on <= today + timedelta(days=COMES_WITHIN_DAYS):
        return Decision(answer=COMING_DAY_WRONG.refusal(422, "comes_on", days=COMES_WITHIN_DAYS))
    before, day = match.comes_on, comes_on.isoformat()
    answer = Answer(200, {**answer_match(match).body, "comes_on": day})
    if day == before:
        return Decision(answer=answer)
    if match.days_said >= DAYS_SAID_MAX:
        return Decision(answer=COMING_DAY_OFTEN.refusal(409, "comes_on", most=DAYS_SAID_MAX))
    match = match.model_copy(update={"comes_on": day, "days_said": match.days_said + 1})
    fact = match.build_fact(MatchScheduled, comes_on=day, before=before or None)
    return Decision((match,), ((match, fact),), answer)
