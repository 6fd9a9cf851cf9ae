"""How a person wants to be told: on all his records, and gone with his data."""

import pytest

from services.intake import person_views
from services.intake.model import Person
from services.intake.model.preference import SetPreference
from services.intake.pages.preferences import read_preference
from shared.errors import Invalid
from shared.messaging.decision import Answer
from tests.intake.builders import (
    CHASHAN,
    COMMANDS,
    SHIJIE,
    VAULT,
    DecisionHarness,
    get_body,
    make_command,
)
from tests.intake.test_vault import erase


def record(harness: DecisionHarness) -> Person:
    request_id = get_body(harness.submit())["request_id"]
    return harness.person(harness.request(request_id).person_id)


def choose(harness: DecisionHarness, person_id: str, area: str = "", **wish: str) -> Answer | None:
    data = read_preference(person_id, {"language": "zh"} | wish, area=area)
    return harness.handle(COMMANDS[SetPreference], make_command(data, key="")).answer


def test_what_he_chose_goes_with_his_contact() -> None:
    harness = DecisionHarness()
    person = record(harness)
    choose(harness, person.id, channel="sms", language="en")
    contact = person_views.describe_contact(VAULT, person.id, harness.person(person.id))
    assert (contact["channel"], contact["language"]) == ("sms", "en")
    choose(harness, person.id, channel="")
    contact = person_views.describe_contact(VAULT, person.id, harness.person(person.id))
    assert (contact["channel"], contact["language"]) == (None, "zh")


def test_records_that_are_the_same_person_are_told_the_same_way() -> None:
    harness = DecisionHarness()
    person = record(harness)
    other = Person(id="P-other", joined=(person.id,))
    erased = Person(id="P-gone", erased=True)
    joined = person.model_copy(update={"joined": (other.id, erased.id)})
    harness = DecisionHarness(joined, other, erased)
    choose(harness, person.id, language="en")
    languages = [harness.person(each).preference.language for each in (person.id, other.id)]
    assert languages == ["en", "en"]
    assert harness.person(erased.id).preference.language == "zh"


def test_staff_choose_for_who_is_known_in_their_town() -> None:
    harness = DecisionHarness()
    person = record(harness)
    other = Person(id="P-other", joined=(person.id,), area=SHIJIE)
    joined = person.model_copy(update={"joined": (other.id,)})
    harness = DecisionHarness(joined, other)
    refused = choose(harness, person.id, SHIJIE, language="en")
    assert refused is not None
    assert refused.body["problems"][0]["code"] == "person_elsewhere"
    choose(harness, person.id, CHASHAN, language="en")
    languages = [harness.person(each).preference.language for each in (person.id, other.id)]
    assert languages == ["en", "zh"]


def test_nobody_is_told_anything_once_he_is_erased() -> None:
    harness = DecisionHarness()
    person = record(harness)
    choose(harness, person.id, language="en")
    erase(harness, person.id)
    assert harness.person(person.id).preference.language == "zh"
    answer = choose(harness, person.id, language="en")
    assert answer is not None
    assert answer.status == 404


@pytest.mark.parametrize("wish", [{"channel": "pigeon"}, {"language": "fr"}])
def test_a_wish_that_nobody_can_read_is_refused_in_words(wish: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        read_preference("P-1", {"language": "zh"} | wish)
