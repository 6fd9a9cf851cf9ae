"""A donor answers over the phone: one code, for one act about one match, and nobody guesses it."""

from datetime import timedelta

import pytest

from services.matching.model.labels import DECLINE_REASONS
from services.matching.model.match import AskClaimWord, AskMatchWord, Match
from services.matching.model.match_id import build_match_id
from services.matching.model.need import Need
from services.matching.model.offer import build_offer_id
from shared.contracts.events import (
    MatchAccepted,
    MatchDeclined,
    MatchWordAsked,
    RequestClassified,
)
from shared.contracts.values import BeneficiaryClass
from shared.messaging.decision import Answer, Ref
from shared.scope import Scope
from shared.spoken_words import ASKED_PER_DAY, TRIES_MAX, WRONG_PER_DAY, HearWord, SpokenWord
from tests.matching.decisions import DecisionHarness, person_id, request_id

SUPPORT = "staff-7"


def ask(house: DecisionHarness, match_id: str, act: str = "accept", **more: str) -> Answer:
    data = {"match_id": match_id, "act": act, "reason": DECLINE_REASONS[1]}
    who = {"principal": SUPPORT, "key": "key-1"} | more
    answer = house.command(AskMatchWord.model_validate(data), **who)
    assert answer is not None
    return answer


def say(
    house: DecisionHarness, match_id: str, word: Answer, who: str = SUPPORT, *, right: bool = True
) -> Answer:
    heard = HearWord(about=match_id, word_id=str(word.body["word_id"]), is_right=right)
    answer = house.command(heard, principal=who)
    assert answer is not None
    return answer


def get_code(answer: Answer) -> str:
    return str(answer.body["problems"][0]["code"])


def propose(house: DecisionHarness, name: str = "r") -> str:
    return house.propose(house.need(name), house.offer(name), 50)


def test_donor_accepts_by_his_code_and_it_is_said_to_whom() -> None:
    house = DecisionHarness()
    match_id = propose(house)
    word = ask(house, match_id)
    assert word.status == 202
    assert isinstance(house.last(), MatchWordAsked)
    assert say(house, match_id, word).status == 200
    accepted = next(fact for _, fact in house.facts if isinstance(fact, MatchAccepted))
    assert (accepted.on_word, accepted.said_to) == (word.body["word_id"], SUPPORT)
    match = house.get(Match, match_id)
    assert match.state == "accepted"
    assert (match.on_word, match.accepted_by) == (word.body["word_id"], SUPPORT)


def test_donor_declines_with_the_reason_he_gave_when_he_asked() -> None:
    house = DecisionHarness()
    match_id = propose(house)
    assert say(house, match_id, ask(house, match_id, "decline")).status == 200
    declined = house.last()
    assert isinstance(declined, MatchDeclined)
    assert (declined.reason, declined.said_to) == (DECLINE_REASONS[1], SUPPORT)


def test_a_code_works_once() -> None:
    house = DecisionHarness()
    match_id = propose(house)
    word = ask(house, match_id)
    say(house, match_id, word)
    assert get_code(say(house, match_id, word)) == "word_used"


def test_a_code_is_used_up_even_where_the_act_is_refused() -> None:
    house = DecisionHarness()
    match_id = propose(house)
    first, second = ask(house, match_id), ask(house, match_id, key="key-2")
    say(house, match_id, first)
    assert say(house, match_id, second).status == 409
    assert get_code(say(house, match_id, second)) == "word_used"


def test_a_code_is_for_its_own_match() -> None:
    house = DecisionHarness()
    match_id, other_id = propose(house, "r"), propose(house, "s")
    word = ask(house, match_id)
    assert get_code(say(house, other_id, word)) == "word_unknown"
    assert house.get(Match, other_id).state == "proposed"


def test_a_code_is_for_who_asked() -> None:
    house = DecisionHarness()
    match_id = propose(house)
    word = ask(house, match_id)
    assert get_code(say(house, match_id, word, "staff-8")) == "word_unknown"


def test_a_code_ends_after_ten_minutes() -> None:
    house = DecisionHarness()
    match_id = propose(house)
    word = ask(house, match_id)
    house.advance(timedelta(minutes=10).total_seconds())
    assert get_code(say(house, match_id, word)) == "word_ended"
    assert house.get(Match, match_id).state == "proposed"


def test_five_wrong_codes_end_a_word_and_the_right_one_comes_too_late() -> None:
    house = DecisionHarness()
    match_id = propose(house)
    word = ask(house, match_id)
    for _ in range(TRIES_MAX):
        assert get_code(say(house, match_id, word, right=False)) == "word_code_wrong"
    assert get_code(say(house, match_id, word)) == "word_ended"
    assert house.get(SpokenWord, str(word.body["word_id"])).wrong_codes == TRIES_MAX


def test_who_guesses_is_stopped_for_the_day_whatever_he_asks_about() -> None:
    house = DecisionHarness()
    match_id = propose(house)
    words = [ask(house, match_id, key=f"key-{number}") for number in range(3)]
    for number in range(WRONG_PER_DAY):
        say(house, match_id, words[number // TRIES_MAX], right=False)
    assert get_code(say(house, match_id, words[2])) == "word_codes_too_many"
    assert get_code(ask(house, match_id, key="another")) == "word_codes_too_many"
    assert ask(house, match_id, key="colleague", principal="staff-8").status == 202


def test_a_donor_is_sent_so_many_codes_a_day_by_whomever() -> None:
    house = DecisionHarness()
    match_id = propose(house)
    for number in range(ASKED_PER_DAY):
        assert ask(house, match_id, key=f"k-{number}", principal=f"staff-{number}").status == 202
    assert get_code(ask(house, match_id, key="one more")) == "words_too_many"
    house.advance(timedelta(hours=0.9).total_seconds())
    assert get_code(ask(house, match_id, key="later")) == "words_too_many"


def test_who_met_the_person_does_not_answer_for_the_donor() -> None:
    house = DecisionHarness()
    request = house.need("r", vouched_by=(SUPPORT,))
    match_id = house.propose(request, house.offer(), 50)
    assert get_code(ask(house, match_id)) == "word_from_party"


def vouch(house: DecisionHarness, name: str = "r") -> None:
    """Who is on the phone with the donor meets the person."""
    classified = RequestClassified(
        person_id=person_id(name),
        beneficiary_class=BeneficiaryClass.SUBSISTENCE,
        vouched_by=(SUPPORT,),
    )
    house.event(request_id(name), classified)


@pytest.mark.parametrize("act", ["accept", "decline"])
def test_who_met_the_person_since_he_asked_does_not_enter_the_code(act: str) -> None:
    house = DecisionHarness()
    match_id = propose(house)
    word = ask(house, match_id, act)
    vouch(house)
    assert get_code(say(house, match_id, word)) == "word_from_party"
    assert get_code(say(house, match_id, word)) == "word_used"
    assert get_code(ask(house, match_id, act, key="key-2")) == "word_from_party"
    assert house.match(match_id).state == "proposed"


def test_each_act_on_each_thing_has_a_word_of_its_own_under_one_key() -> None:
    house = DecisionHarness()
    first, second = propose(house, "r"), propose(house, "s")
    asked = [(first, "accept"), (first, "decline"), (second, "accept"), (first, "accept")]
    words = [ask(house, match_id, act).body["word_id"] for match_id, act in asked]
    assert len(set(words)) == 3
    assert words[0] == words[3], "the same act asked again is the same word"


def test_the_donors_sms_can_say_how_much_and_where() -> None:
    house = DecisionHarness()
    ask(house, propose(house))
    asked = house.last()
    assert isinstance(asked, MatchWordAsked)
    assert (asked.quantity, asked.unit, asked.town_code) == (50, "fen", "441900101")


@pytest.mark.parametrize("area", ["441900999", "4419001"])
def test_support_of_a_town_asks_about_its_own(area: str) -> None:
    house = DecisionHarness()
    match_id = propose(house)
    town = house.get(Match, match_id).town_code
    data = AskMatchWord(
        match_id=match_id, act="accept", reason=DECLINE_REASONS[0], scope=Scope(area=area)
    )
    answer = house.command(data, principal=SUPPORT, key="k")
    assert answer is not None
    assert answer.status == (202 if town.startswith(area) else 404)


# --- a claim --------------------------------------------------------------------------------------


def ask_claim(house: DecisionHarness, quantity: int = 30, **more: str) -> Answer:
    """Of the request `r` from the donor's offer `a`."""
    data = {
        "offer_id": build_offer_id("desk", "a"),
        "request_id": request_id("r"),
        "quantity": quantity,
    }
    who = {"principal": SUPPORT, "key": "key-1"} | more
    answer = house.command(AskClaimWord.model_validate(data), **who)
    assert answer is not None
    return answer


def test_a_donor_claims_by_his_code_what_was_named_when_he_asked() -> None:
    house = DecisionHarness()
    request, offer = house.need(), house.offer(fund_id="fund-warm", mode="claim")
    word = ask_claim(house)
    asked = house.last()
    assert isinstance(asked, MatchWordAsked)
    assert (asked.about, asked.act, asked.request_id) == (offer, "claim", request)
    assert (asked.quantity, asked.unit, asked.town_code) == (30, "fen", "441900101")
    assert say(house, offer, word).status == 201
    accepted = house.last()
    assert isinstance(accepted, MatchAccepted)
    assert (accepted.on_word, accepted.said_to, accepted.quantity) == (
        word.body["word_id"],
        SUPPORT,
        30,
    )
    match = house.get(Match, build_match_id(request, offer, 1))
    assert (match.accepted_by, match.said_to) == (SUPPORT, SUPPORT)
    assert get_code(say(house, offer, word)) == "word_used"


def test_a_claim_is_decided_again_once_the_code_is_said() -> None:
    house = DecisionHarness()
    house.need()
    offer = house.offer(fund_id="fund-warm", mode="claim")
    word = ask_claim(house)
    house.withdraw_request()
    assert say(house, offer, word).status == 409
    assert get_code(say(house, offer, word)) == "word_used"


def test_who_met_the_person_since_he_asked_does_not_claim_for_the_donor() -> None:
    house = DecisionHarness()
    house.need()
    offer = house.offer(fund_id="fund-warm", mode="claim")
    word = ask_claim(house)
    vouch(house)
    assert get_code(say(house, offer, word)) == "word_from_party"
    assert not [fact for _, fact in house.facts if isinstance(fact, MatchAccepted)]


def test_a_claim_is_of_the_need_that_the_sms_named() -> None:
    house = DecisionHarness()
    request = house.need()
    offer = house.offer(fund_id="fund-warm", mode="claim")
    word = ask_claim(house)
    moved = house.get(Need, request).model_copy(update={"town_code": "441900102"})
    house.states[Ref(Need, request)] = moved
    assert get_code(say(house, offer, word)) == "word_outdated"


def test_a_code_for_a_little_claims_no_more() -> None:
    house = DecisionHarness()
    house.need()
    house.offer(fund_id="fund-warm", mode="claim")
    words = {str(ask_claim(house, quantity).body["word_id"]) for quantity in (1, 50)}
    assert len(words) == 2


def test_no_code_is_sent_for_a_claim_that_would_be_refused() -> None:
    house = DecisionHarness()
    house.need()
    house.offer(fund_id="fund-warm", mode="push")
    assert get_code(ask_claim(house)) == "offer_not_for_claim"
    assert not [fact for _, fact in house.facts if isinstance(fact, MatchWordAsked)]


def test_who_met_the_person_does_not_claim_for_the_donor() -> None:
    house = DecisionHarness()
    house.need(vouched_by=(SUPPORT,))
    house.offer(fund_id="fund-warm", mode="claim")
    assert get_code(ask_claim(house)) == "word_from_party"


def test_the_code_of_a_claim_answers_no_match() -> None:
    house = DecisionHarness()
    match_id = propose(house, "s")
    house.need()
    house.offer(fund_id="fund-warm", mode="claim")
    assert get_code(say(house, match_id, ask_claim(house))) == "word_unknown"


def test_who_met_the_person_for_another_request_does_not_answer_for_the_donor() -> None:
    house, who = DecisionHarness(), person_id("p")
    house.need("r2", vouched_by=(SUPPORT,), person_id=who)
    match_id = house.propose(house.need("r", person_id=who), house.offer("r"), 50)
    assert get_code(ask(house, match_id)) == "word_from_party"
