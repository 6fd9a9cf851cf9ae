"""A donor gives a mandate, or takes it back, by his word over the phone."""

from datetime import datetime

from services.audit import messages
from services.audit.decide.mandates import end_mandate, give_mandate, refuse_unknown
from services.audit.model import DONOR_BY_WORD, AskMandateWord, Mandate
from shared.contracts.events import MandateWordAsked
from shared.messaging.decision import Command, Decision, States
from shared.spoken_words import HearWord, ask_word, carry_out, hear_word


def decide_ask_word(states: States, command: Command[AskMandateWord], now: datetime) -> Decision:
    """Of the donor's own gifts; and not by who asked for the mandate himself."""
    asked = command.data
    mandate = states.get(Mandate, asked.mandate_id)
    if mandate is None or not mandate.asks_donor:
        return refuse_unknown(asked.mandate_id)
    if mandate.maker == command.principal:
        return Decision(answer=messages.SECOND_PERSON_NEEDED.refusal(409))
    expected = ("proposed",) if asked.act == "give" else ("proposed", "open")
    if mandate.state not in expected:
        return Decision(answer=messages.MANDATE_NOT_PROPOSED.refusal(409, state=mandate.state))
    return ask_word(
        states,
        command,
        MandateWordAsked,
        now,
        act=asked.act,
        about=mandate.id,
        donor_id=mandate.donor_id,
        correlation_id=mandate.correlation_id,
    )


def decide_hear_word(states: States, command: Command[HearWord], now: datetime) -> Decision:
    heard = hear_word(states, command, now)
    if heard.word is None:
        return heard.refused
    act = give_mandate if heard.word.act == "give" else end_mandate
    return carry_out(act(states, heard.word.about, DONOR_BY_WORD, now), heard.word)
