"""Whatever somebody writes into a parser of the door: a value that holds, or a refusal in words.

The other parsers' properties stand beside their own tests: texts, answers, donors' answers, sheets,
tickets, GeoReport, WeChat's and the carriers' wires, phones, moments, amounts, items.
"""

from collections.abc import Callable
from datetime import date
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.approvals.limits import read_approvals
from services.intake.callbacks.places import read_nearest
from services.intake.channels.hospital_needs import build_hospital_request
from services.intake.channels.text import Draft, Slot, read_slot
from shared.catalogue.file import read_catalogue
from shared.contracts.values import Channel
from shared.errors import Invalid, Problem
from shared.id_numbers import find_id_problem, read_birthday
from shared.text import fold_text
from shared.towns import find_nearest, is_known, load_towns, parse_town, parse_village
from shared.villages import find_village, find_villages_in
from tests.support.examples import count_examples

FEW = count_examples(60, 5_000)
PIECES = (
    *list(load_towns().values())[:6],
    *("茶山", "增埗村", "张三", "我妈妈", "轮椅", "2床", "1", "东莞市", "说不清"),
    *("，", " ", "４４１９００１０３", "\u200b", "\x00", "\ud7ff", "e\u0301", "𠮷"),
)
WORDS = st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=6).map("".join)


def list_refusals(read: Callable[[], object]) -> tuple[Problem, ...]:
    """None where it is read; nothing but a refusal is raised, and each says why."""
    try:
        value = read()
    except Invalid as invalid:
        return invalid.problems or pytest.fail("refused without a word")
    assert value
    return ()


@settings(max_examples=FEW)
@given(st.sampled_from(["what", "where", "whom"]), WORDS, WORDS)
def test_an_answer_to_a_question_is_a_draft_whose_places_agree(
    slot: Slot, text: str, label: str
) -> None:
    draft = read_slot(slot, text, label)
    assert isinstance(draft, Draft)
    assert draft.town_code is None or is_known(draft.town_code)
    if draft.village_code:
        assert draft.town_code is None or draft.village_code.startswith(draft.town_code)
    assert Draft().fill(draft).fill(Draft()).missing == Draft().fill(draft).missing


@settings(max_examples=FEW)
@given(WORDS)
def test_a_number_chooses_one_of_the_towns_that_were_named(text: str) -> None:
    choice = read_nearest(text, ("茶山镇", "石龙镇"))
    assert choice in (None, "茶山镇", "石龙镇")
    assert (choice is None) or fold_text(text).strip("。.,、!)（( ") in ("1", "2")


@settings(max_examples=FEW)
@given(st.floats(-90, 90), st.floats(-180, 180))
def test_any_place_has_two_towns_near_it_or_fewer(latitude: float, longitude: float) -> None:
    near = find_nearest(latitude, longitude)
    assert len(near) <= 2
    assert set(near) <= set(load_towns())


@pytest.mark.parametrize("parse", [parse_town, parse_village])
@settings(max_examples=FEW)
@given(text=WORDS)
def test_a_place_by_name_or_code_is_a_code_or_refused(
    parse: Callable[[str], str], text: str
) -> None:
    try:
        code = parse(text)
    except Invalid:
        return
    assert code.isascii()
    assert code.isdigit()
    assert parse(code) == code, "a code is what it says"


@settings(max_examples=FEW)
@given(WORDS)
def test_villages_found_in_a_text_are_in_it(text: str) -> None:
    folded = fold_text(text)
    for name, codes in find_villages_in(folded):
        assert name in folded
        assert codes
    code = find_village(text)
    assert code is None or len(code) == 12


HOSPITAL_ROW = ("field", "op", "new", "city_pinyin", "hospital", "time")
ID_NUMBERS = st.from_regex(r"[0-9]{17}[0-9X]|[0-9]{15}", fullmatch=True)


@settings(max_examples=FEW)
@given(ID_NUMBERS)
def test_an_id_number_is_somebodys_or_says_why_not(number: str) -> None:
    """Of eighteen characters one last character alone fits the others."""
    problem = find_id_problem(number)
    if problem is None:
        assert isinstance(read_birthday(number), date)
        others = [number[:-1] + last for last in "0123456789X" if last != number[-1]]
        assert all(find_id_problem(other) is not None for other in others)


@pytest.mark.parametrize("read", [read_approvals, read_catalogue])
@settings(max_examples=FEW)
@given(content=st.binary(max_size=200) | WORDS.map(str.encode))
def test_an_offices_file_is_a_table_or_refused_with_its_lines(
    read: Callable[[bytes], object], content: bytes
) -> None:
    problems = list_refusals(partial(read, content))
    assert all(problem.zh and problem.en for problem in problems)


@settings(max_examples=FEW)
@given(st.fixed_dictionaries(dict.fromkeys(HOSPITAL_ROW, WORDS)))
def test_a_row_of_a_hospitals_needs_is_a_request_or_refused(row: dict[str, str]) -> None:
    list_refusals(partial(build_hospital_request, row, Channel.SPREADSHEET))
