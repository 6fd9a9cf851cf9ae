"""A donor gives a mandate on his gifts, or takes it back, over the phone."""

from typing import Any

from services.audit.model import DONOR_BY_WORD, AskMandateWord, Mandate
from shared.contracts.events import MandateGranted, MandateRevoked, MandateWordAsked
from shared.messaging.decision import Answer
from shared.spoken_words import HearWord
from tests.audit.decisions import MemoryAudit, open_audit
from tests.audit.test_decide_mandates import PARTNER, propose

SUPPORT = "staff-7"


def ask(audit: MemoryAudit, mandate_id: str, act: str, who: str = SUPPORT) -> Answer:
    data = AskMandateWord.model_validate({"mandate_id": mandate_id, "act": act})
    return audit.answer(data, who)


def say(audit: MemoryAudit, mandate_id: str, word: Answer, *, right: bool = True) -> Answer:
    heard = HearWord(about=mandate_id, word_id=str(word.body["word_id"]), is_right=right)
    return audit.answer(heard, SUPPORT)


def get_code(answer: Answer) -> str:
    return str(answer.body["problems"][0]["code"])


def find_facts(audit: MemoryAudit, kind: type[Any]) -> list[Any]:
    return [fact for _, fact in audit.events if isinstance(fact, kind)]


def test_donor_gives_and_takes_back_by_codes_of_their_own() -> None:
    audit = open_audit()
    id_ = propose(audit, "two", covers="gifts", partner=PARTNER)
    word = ask(audit, id_, "give")
    asked = find_facts(audit, MandateWordAsked)[-1]
    assert (asked.act, asked.amount_fen) == ("give", 33_300)
    assert say(audit, id_, word).body["state"] == "open"
    mandate = audit.get(Mandate, id_)
    assert (mandate.checker, mandate.said_to) == (DONOR_BY_WORD, SUPPORT)
    [granted] = find_facts(audit, MandateGranted)
    assert (granted.on_word, granted.said_to) == (word.body["word_id"], SUPPORT)
    taken_back = ask(audit, id_, "withdraw")
    assert say(audit, id_, taken_back).body["state"] == "revoked"
    assert find_facts(audit, MandateRevoked)[-1].on_word == taken_back.body["word_id"]


def test_a_code_to_withdraw_gives_nothing() -> None:
    audit = open_audit()
    id_ = propose(audit, "two", covers="gifts", partner=PARTNER)
    assert say(audit, id_, ask(audit, id_, "withdraw")).body["state"] == "declined"
    assert not find_facts(audit, MandateGranted)


def test_a_code_for_one_mandate_gives_no_other() -> None:
    audit = open_audit()
    first = propose(audit, "two", covers="gifts", partner=PARTNER)
    second = propose(audit, "three", covers="gifts", partner=PARTNER)
    assert get_code(say(audit, second, ask(audit, first, "give"))) == "word_unknown"
    assert audit.get(Mandate, second).state == "proposed"


def test_a_wrong_code_gives_nothing() -> None:
    audit = open_audit()
    id_ = propose(audit, "two", covers="gifts", partner=PARTNER)
    assert get_code(say(audit, id_, ask(audit, id_, "give"), right=False)) == "word_code_wrong"
    assert audit.get(Mandate, id_).state == "proposed"


def test_who_asked_for_the_mandate_does_not_hear_the_donor() -> None:
    audit = open_audit()
    id_ = propose(audit, SUPPORT, covers="gifts")
    assert get_code(ask(audit, id_, "give")) == "second_person_needed"


def test_money_of_the_fund_is_nobodys_to_give_by_phone() -> None:
    audit = open_audit()
    id_ = propose(audit, covers="fund")
    assert get_code(ask(audit, id_, "give")) == "mandate_unknown"
