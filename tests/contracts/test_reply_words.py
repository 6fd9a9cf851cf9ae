"""What a message in English asks for as a reply is understood as it is written there."""

import re

import pytest

from services.intake.channels.answers import Sense, ShortAnswer
from services.intake.channels.donor_answers import DonorAnswer
from services.intake.channels.text import Bind, Draft, Slot, Unclear, read_slot, understand
from services.intake.channels.typed_requests import (
    ARRIVED,
    HOW_TO_BIND,
    HOW_TO_WRITE,
    OPTED_OUT,
    PLAIN,
    PROGRESS,
    QUESTIONS,
    format_binding_code,
    format_which,
)
from services.notify.limits import fill_places
from services.notify.templates import TEMPLATES, Template

ENGLISH = {name: row for name, row in TEMPLATES.items() if row.language == "en"}
TYPED = {
    **{f"message_{name}": text for name, text in QUESTIONS.items()},
    **PROGRESS,
    **PLAIN,
    "arrived": ARRIVED,
    "how": HOW_TO_WRITE,
    "bind": HOW_TO_BIND,
    "code": format_binding_code("12345678"),
    "opted_out": OPTED_OUT,
    "which": format_which(["01EA5F", "02EA5F"]),
}
NO_REPLIES = {"SMS", "URGENT"}
_CAPITALS = re.compile(
    r"\b(?:[YN][0-9]{4}|[A-Z]{3,}(?: [A-Z]{3,})*(?: [0-9A-F]{6,8}\b| [A-Z][a-z]+ [A-Z][a-z]+)?)\b"
)
_NUMBERED = re.compile(r"\b[Rr]eply ([0-9])\b")
_EXAMPLES = re.compile(r"[Ff]or example: ([^.?]+)|such as ([^.?,]+)")
_HAN = re.compile("[\u4e00-\u9fff]")


def fill(row: Template) -> str:
    """A donor answers with a number of four digits; references have six."""
    are_answers = (each in ("answer", "answer_again") for each in row.sms_variables)
    return fill_places(row.sms, ["01EA5F", *("4821" if is_ else "02EA5F" for is_ in are_answers)])


def find_reply_words(text: str) -> set[str]:
    parts = (all_of or one for all_of, one in _EXAMPLES.findall(text))
    examples = {example for part in parts for example in re.split(",? or ", part)}
    capitals = {word for word in _CAPITALS.findall(text) if word not in NO_REPLIES}
    alone = {word for word in capitals if not any(word in example for example in examples)}
    return alone | examples | set(_NUMBERED.findall(text))


def find_slot(name: str) -> Slot | None:
    slots: dict[str, Slot] = {"what": "what", "where": "where", "whom": "whom"}
    return slots.get(name.removeprefix("message_").removesuffix(".en").removesuffix("_again"))


def is_understood(name: str, word: str) -> bool:
    slot = find_slot(name)
    if slot:
        return slot not in read_slot(slot, word).missing
    return not isinstance(understand(word), Unclear)


@pytest.mark.parametrize("name", ENGLISH)
def test_every_reply_that_a_notice_names_is_understood(name: str) -> None:
    row = ENGLISH[name]
    for text in (fill(row), row.title, row.status, row.hint):
        assert not _HAN.search(text)
        assert [word for word in find_reply_words(text) if not is_understood(name, word)] == []


@pytest.mark.parametrize("name", TYPED)
def test_every_reply_that_an_answer_on_wechat_names_in_english_is_understood(name: str) -> None:
    english = re.sub("^.*[\u4e00-\u9fff。？！）”]", "", TYPED[name], flags=re.DOTALL)
    assert english
    assert [word for word in find_reply_words(english) if not is_understood(name, word)] == []


def test_the_words_that_messages_name_are_found() -> None:
    """Or the tests above look at nothing."""
    sms = {name: find_reply_words(fill(row)) for name, row in ENGLISH.items()}
    assert sms["match_delivered.en"] == {"1", "NOT RECEIVED"}
    assert sms["message_which.en"] == {"NOT RECEIVED", "RECEIVED 02EA5F"}
    assert sms["message_resumed.en"] == {"STOP"}
    assert sms["match_asked.en"] == {"Y4821", "N4821"}
    assert sms["message_what.en"] == {"1 wheelchair", "2000 yuan for medical care"}
    assert sms["message_whom.en"] == {"NAME Zhang San"}


@pytest.mark.parametrize(
    ("word", "sense"),
    [
        ("RECEIVED", Sense.RECEIVED),
        ("Received.", Sense.RECEIVED),
        ("1", Sense.RECEIVED),
        ("NOT RECEIVED", Sense.NOT_RECEIVED),
        ("not yet", Sense.NOT_RECEIVED),
        ("START", Sense.START),
        ("stop", Sense.STOP),
    ],
)
def test_it_means_what_the_message_says(word: str, sense: Sense) -> None:
    understood = understand(word)
    assert isinstance(understood, ShortAnswer)
    assert understood.sense is sense


def test_numbers_and_codes_are_read_beside_the_words() -> None:
    which = understand("NOT RECEIVED 01EA5F")
    assert isinstance(which, ShortAnswer)
    assert (which.sense, which.references) == (Sense.NOT_RECEIVED, ("01EA5F",))
    assert understand("Y4821") == DonorAnswer("accept", "4821")
    assert understand("BIND 12345678") == Bind("12345678")


def test_a_request_in_english_misses_nothing() -> None:
    draft = understand("2 quilts, Chashan, NAME Zhang San")
    assert isinstance(draft, Draft)
    assert draft.need
    assert (draft.need.item, draft.need.quantity, draft.need.unit) == ("棉被", 2, "床")
    assert (draft.town_code, draft.name, draft.missing) == ("441900103", "Zhang San", ())


@pytest.mark.parametrize(
    "text",
    [
        "I got my wheelchair in Chashan",
        "the wheelchair is broken",
        "no quilt came",
        "my bed is broken",
        "I am a fan of yours",
        "my name is Zhang San and I am ill",
        "Zhang San",
        "help",
        "2000-3000 yuan for school fees",
        "10 000 yuan for school fees",
    ],
)
def test_other_english_is_read_by_a_person(text: str) -> None:
    assert isinstance(understand(text), Unclear)


@pytest.mark.parametrize(
    ("text", "item", "quantity", "unit"),
    [
        ("a rice cooker", "电饭锅", 1, "个"),
        ("2 bags of rice", "大米", 2, "袋"),
        ("I need two blankets", "毛毯", 2, "条"),
        ("5 boxes of milk please", "牛奶", 5, "箱"),
        ("2,000 yuan for school fees", "", 200_000, "fen"),
        ("12.50 yuan for medical care", "", 1_250, "fen"),
    ],
)
def test_things_and_sums_are_read_as_in_chinese(
    text: str, item: str, quantity: int, unit: str
) -> None:
    need = read_slot("what", text).need
    assert need
    assert (need.item, need.quantity, need.unit) == (item, quantity, unit)
