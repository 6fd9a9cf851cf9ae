"""An applicant asks for a code to sign in by, and enters it."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from services.intake.model import ContactPoint, Person
from shared.contracts.events import PersonWordAsked
from shared.messaging.decision import Command, Decision, States
from shared.phone_sign_in import AskSignIn, ask_sign_in, hear_sign_in, name_signer
from shared.spoken_words import HearWord

APPLICANT: Final = "applicant"


def name_applicant(point_id: str) -> str:
    """As whom somebody asks for a code to this phone."""
    return name_signer(APPLICANT, point_id)


def decide_ask_sign_in(states: States, command: Command[AskSignIn], now: datetime) -> Decision:
    return ask_sign_in(states, command, now, PersonWordAsked)


def decide_hear_word(states: States, command: Command[HearWord], now: datetime) -> Decision:
    """The right code shows that who signs in holds the phone: nobody who merely types it elsewhere
    takes it from him."""
    heard = hear_sign_in(states, command, now)
    person = states.get(Person, command.data.about)
    if heard.answer is None or heard.answer.status != 200 or person is None:
        return heard
    points = states.get_many(ContactPoint, person.points).values()
    confirmed = (
        point.with_confirmed((person.id, *person.joined))
        for point in points
        if name_applicant(point.id) == command.principal
    )
    return replace(heard, states=(*heard.states, *confirmed))
