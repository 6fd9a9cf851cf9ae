"""Consent: given, and ended with what follows from that."""

from datetime import datetime
from functools import reduce

from services.intake.decide.followers import with_all_released
from services.intake.decide.persons import is_known_there, without_unfinished
from services.intake.decide.requests import find_case, is_in_area, make_fact, open_or_hold
from services.intake.messages import (
    CONSENT_ABSENT,
    CONSENT_UNPROVEN,
    PERSON_ELSEWHERE,
    PERSON_UNKNOWN,
)
from services.intake.model import Person, Request, RequestState
from services.intake.model.consent import (
    CONSENT_LASTS,
    Consent,
    EndConsent,
    GiveConsent,
)
from services.intake.rules import Rules
from shared.contracts.envelope import Fact
from shared.contracts.events import RequestWithdrawn
from shared.messaging.decision import Answer, Command, Decision, State, States


def decide_give(
    rules: Rules, states: States, item: Command[GiveConsent], now: datetime
) -> Decision:
    """Again, where it had ended. A child's request that waited for his guardian alone opens.

    What was ticked on the public page is kept with that request alone: whoever asked there may be
    anybody. That he is a guardian, staff note.
    Staff of an area in which the person is not registered note a guardian's word for what is asked
    for there, and nothing that holds elsewhere.
    """
    data = item.data
    loaded = _load(states, data)
    if isinstance(loaded, Answer):
        return Decision(answer=loaded)
    request, person = loaded
    answer = Answer(200, {"person_id": person.id, "purpose": data.purpose, "given": True})
    if not data.by and request.is_anybodys:
        return Decision((_with_typed(request, data, now),), answer=answer)
    by_guardian = data.by_guardian and bool(data.by)
    if is_known_there(states, person, data.area):
        consent = Consent(
            given_at=now,
            until=now + CONSENT_LASTS,
            way=data.way,
            by=data.by,
            by_guardian=by_guardian,
        )
        person = _with_consent(person, data.purpose, consent)
    elif data.purpose != "handling" or not by_guardian:
        return Decision(answer=PERSON_ELSEWHERE.refusal(403, "purpose"))
    changed: list[State] = []
    events: list[tuple[State, Fact]] = []
    if data.purpose == "handling" and by_guardian:
        for waiting in _list_unfinished(states, person):
            if waiting.needs_guardian and is_in_area(waiting, data.area):
                agreed = waiting.model_copy(
                    update={"guardian_agreed_at": now, "guardian_agreed_by": data.by}
                )
                opened, counted = _go_on(rules, states, (agreed, person), now, is_first=not events)
                changed += [opened, *counted]
                fact = make_fact(opened) if opened.state is RequestState.OPEN else None
                events += [(opened, fact)] if fact else []
    return Decision((person, *changed), tuple(events), answer)


def _go_on(
    rules: Rules, states: States, of: tuple[Request, Person], now: datetime, *, is_first: bool
) -> tuple[Request, tuple[State, ...]]:
    """One opens by itself, since openings are counted once a decision; an approver has the rest."""
    request, person = of[0].model_copy(update={"needs_guardian": False}), of[1]
    if request.state is not RequestState.RECORDED:
        return request, ()
    if not is_first:
        return request.model_copy(update={"waits_for": ("person_often",)}), ()
    return open_or_hold(rules, states, request, person, now)


def decide_consent_end(states: States, item: Command[EndConsent], now: datetime) -> Decision:
    """Without consent to handling nothing of his is worked on: what is not done is withdrawn. What
    was done and paid stays, as the law requires.

    Staff of an area end what is there. While another area works for him his consent holds: he ends
    it himself, or staff of there or of the whole city note it. Any other consent holds in every
    area: staff end it where the person is registered.
    """
    data = item.data
    loaded = _load(states, data)
    if isinstance(loaded, Answer):
        return Decision(answer=loaded)
    request, person = loaded
    if not data.by and request.is_anybodys:
        return Decision(answer=CONSENT_UNPROVEN.refusal(403, "purpose"))
    if data.purpose != "handling" and not is_known_there(states, person, data.area):
        return Decision(answer=PERSON_ELSEWHERE.refusal(403, "purpose"))
    consent = person.consents.get(data.purpose) or request.typed_consents.get(data.purpose)
    if data.purpose != "handling" and (consent is None or not consent.holds(now)):
        return Decision(answer=CONSENT_ABSENT.refusal(409, "purpose"))
    ending: list[Request] = []
    elsewhere: list[Request] = []
    if data.purpose == "handling":
        for each in _list_unfinished(states, person):
            if each.is_withdrawable:
                (ending if is_in_area(each, data.area) else elsewhere).append(each)
    if not elsewhere:
        consent = consent or Consent(given_at=now, until=now + CONSENT_LASTS, way="web")
        ended = consent.model_copy(update={"ended_at": now})
        person = _with_consent(person, data.purpose, ended)
    changes = {
        "state": RequestState.WITHDRAWN,
        "followers": (),
        "consent_ended_at": now,
        "consent_ended_by": data.by,
    }
    withdrawn = [each.model_copy(update=changes) for each in ending]
    ids = [each.id for each in withdrawn]
    person = reduce(without_unfinished, withdrawn, person)
    fact = RequestWithdrawn(person_id=person.id, by_staff=bool(data.by))
    events = [(each, fact) for each in withdrawn]
    body = {"person_id": person.id, "purpose": data.purpose, "given": bool(elsewhere)}
    answer = Answer(200, body | {"withdrawn": ids})
    return with_all_released(states, ending, Decision((person, *withdrawn), tuple(events), answer))


def _load(states: States, data: GiveConsent | EndConsent) -> tuple[Request, Person] | Answer:
    request = find_case(states, data)
    if isinstance(request, Answer):
        return request
    person = states.get(Person, request.person_id)
    if person is None or person.erased:
        return PERSON_UNKNOWN.refusal(404, "request_id")
    return request, person


def _list_unfinished(states: States, person: Person) -> list[Request]:
    ids = sorted({entry.request_id for entry in person.unfinished.values()})
    return list(states.get_many(Request, ids).values())


def _with_typed(request: Request, data: GiveConsent, now: datetime) -> Request:
    consent = Consent(given_at=now, until=now + CONSENT_LASTS, way="typed")
    typed = {**request.typed_consents, data.purpose: consent}
    return request.model_copy(update={"typed_consents": typed})


def _with_consent(person: Person, purpose: str, consent: Consent) -> Person:
    return person.model_copy(update={"consents": {**person.consents, purpose: consent}})
