"""A donor signs in by a code: a spoken word that he types himself."""

from datetime import datetime

from shared.contracts.events import MatchWordAsked
from shared.messaging.decision import Command, Decision, States
from shared.phone_sign_in import AskSignIn, ask_sign_in


def decide_ask_sign_in(states: States, command: Command[AskSignIn], now: datetime) -> Decision:
    return ask_sign_in(states, command, now, MatchWordAsked)
