"""How a person wants to be told. It moves nothing, so his page or one of the staff is enough."""

from datetime import datetime

from services.intake.decide.persons import is_known_there
from services.intake.messages import PERSON_ELSEWHERE, PERSON_UNKNOWN
from services.intake.model import Person
from services.intake.model.preference import Preference, SetPreference
from shared.messaging.decision import Answer, Command, Decision, States


def decide_set_preference(states: States, item: Command[SetPreference], _now: datetime) -> Decision:
    """In all records that are the same person by somebody's word: each is told things. Staff of an
    area choose for those who are known there."""
    data = item.data
    person = states.get(Person, data.person_id)
    if person is None or person.erased:
        return Decision(answer=PERSON_UNKNOWN.refusal(404, "person_id"))
    if not is_known_there(states, person, data.area):
        return Decision(answer=PERSON_ELSEWHERE.refusal(403, "person_id"))
    preference = Preference(channel=data.channel, language=data.language, by=data.by)
    joined = states.get_many(Person, person.joined).values()
    persons = (person, *(each for each in joined if is_known_there(states, each, data.area)))
    body = {"person_id": person.id, "channel": data.channel, "language": data.language}
    changed = (each.model_copy(update={"preference": preference}) for each in persons)
    return Decision(tuple(each for each in changed if not each.erased), answer=Answer(200, body))
