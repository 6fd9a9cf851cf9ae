"""What a text suggests: measured on messages that nobody trained on, beside the keywords."""

import csv
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.channels.words import CATEGORY_WORDS, find_keyword_categories
from services.intake.judgement import Example, Judge, build_judge
from services.intake.judgement.learning import build_own_judge
from services.intake.judgement.reading import load_examples
from shared.contracts.values import LABELS, BeneficiaryClass, Category, Kind

SAMPLE = Path(__file__).parent / "judgement_sample.csv"


@cache
def load_sample() -> tuple[dict[str, str], ...]:
    """Written by us, after the examples were; nothing was trained or chosen by them."""
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def measure_accuracy(truth: Sequence[str], guesses: Sequence[str]) -> float:
    return sum(a == b for a, b in zip(truth, guesses, strict=True)) / len(truth)


def measure_f1(truth: Sequence[str], guesses: Sequence[str]) -> float:
    """The mean over the categories."""
    pairs = Counter(zip(truth, guesses, strict=True))
    scores = []
    for label in set(truth):
        right = pairs[label, label]
        wrong = sum(n for (a, b), n in pairs.items() if (a == label) != (b == label))
        scores.append(2 * right / (2 * right + wrong))
    return sum(scores) / len(scores)


def guess_category(judge: Judge, text: str) -> str:
    guess = judge.category.guess(text)
    return LABELS[guess.label] if guess else LABELS[Category.OTHER]


def guess_by_keywords(text: str) -> str:
    labels = {code for word, code in CATEGORY_WORDS.items() if word in text}
    codes = labels or find_keyword_categories(text)
    return LABELS[next(iter(codes)) if len(codes) == 1 else Category.OTHER]


def test_it_is_right_far_more_often_than_keywords() -> None:
    truth = [row["类别"] for row in load_sample()]
    texts = [row["内容"] for row in load_sample()]
    guesses = [guess_category(build_own_judge(), text) for text in texts]
    keywords = [guess_by_keywords(text) for text in texts]
    assert measure_accuracy(truth, guesses) >= 0.70
    assert measure_f1(truth, guesses) >= 0.70
    assert measure_accuracy(truth, keywords) < 0.20


def test_a_confidence_is_as_good_as_its_word() -> None:
    guesses = [(build_own_judge().category.guess(r["内容"]), r["类别"]) for r in load_sample()]
    rights = [(g.confidence, LABELS[g.label] == truth) for g, truth in guesses if g]
    sure = [right for confidence, right in rights if confidence >= 0.8]
    unsure = [right for confidence, right in rights if confidence < 0.5]
    assert sum(sure) / len(sure) >= 0.85
    assert sum(unsure) / len(unsure) <= 0.6


def test_the_words_that_led_there_stand_in_the_text() -> None:
    text = "孩子要做手术，医药费差三万，家在茶山镇"
    judgement = build_own_judge().judge(text)
    assert judgement.category is not None
    assert judgement.category.label == Category.MEDICAL
    assert "医药费" in judgement.category.phrases
    assert any("手术" in phrase for phrase in judgement.category.phrases)
    assert judgement.kind is not None
    assert judgement.kind.label == Kind.WISH
    assert judgement.town is not None
    assert (judgement.town.label, judgement.town.phrases) == ("441900103", ("茶山镇",))
    for row in load_sample():
        guess = build_own_judge().judge(row["内容"]).category
        assert guess is None or all(phrase in row["内容"] for phrase in guess.phrases)


def test_a_class_is_known_by_what_is_said_and_by_no_tone() -> None:
    judge = build_own_judge()
    veteran = judge.judge("我是退役军人，老兵，房子漏水").beneficiary_class
    assert veteran is not None
    assert veteran.label == BeneficiaryClass.VETERAN
    assert judge.judge("想要一张书桌").beneficiary_class is None


def test_words_of_danger_are_a_rule() -> None:
    judge = build_own_judge()
    for text in ("我不想活了", "救命啊老公打死我", "妈妈吃了一瓶安眠药", "路边有人叫不醒"):
        assert judge.judge(text).danger, text
        assert judge.judge(text).is_urgent
    assert not judge.judge("谢谢你们的救命之恩").danger
    assert not judge.judge("想要两床棉被").is_urgent


def test_urgent_ones_are_rather_shown_in_vain_than_overlooked() -> None:
    confusion = Counter(
        (row["紧急"] == "急", build_own_judge().judge(row["内容"]).is_urgent)
        for row in load_sample()
    )
    assert confusion[True, True] >= 4
    assert confusion[False, True] <= 9


@pytest.mark.parametrize(
    "text", ["李四", "张三", "陈伯", "查进度", "司徒美玲", "茶山那边", "长安镇"]
)
def test_a_name_or_a_place_is_no_urgency(text: str) -> None:
    assert not build_own_judge().judge(text).is_urgent


def test_urgent_is_suggested_with_the_words_that_lead_there_or_not_at_all() -> None:
    for example in (*load_sample(), {"内容": "冬天被子太薄，晚上冻醒"}):
        urgency = build_own_judge().judge(example["内容"]).urgency
        assert urgency is None or (urgency.label == "urgent" and urgency.phrases)


def test_it_learns_from_decisions_what_several_people_wrote_and_nobodys_name() -> None:
    told = [
        Example(f"阿公要做透析管路更换，我叫欧阳某{n}", Category.MEDICAL, person_id=f"P-{n % 6}")
        for n in range(8)
    ]
    told.append(Example("慕容复要换窗", Category.HOUSING_REPAIR, person_id="P-99"))
    places = build_judge(told).category.vocabulary.places
    assert "管路" in places
    assert not any("慕容" in gram for gram in places)
    strange = "管路更换"
    before, after = (
        judge.category.guess(strange) for judge in (build_own_judge(), build_judge(told))
    )
    assert after is not None
    assert after.label == Category.MEDICAL
    assert before is None or before.confidence < after.confidence


def test_our_examples_are_of_every_category_and_hold_no_number() -> None:
    examples = load_examples()
    assert {example.category for example in examples} == set(Category)
    assert not any(character.isdigit() for example in examples for character in example.text)


@given(st.text(max_size=300))
def test_no_text_is_too_strange(text: str) -> None:
    judgement = build_own_judge().judge(text)
    assert judgement.category is None or 0 < judgement.category.confidence <= 1
