"""From a text to what it suggests: category, kind, class, urgency and place, each with its words.

Trained from `examples.csv`, which we wrote ourselves, from the words of `channels/words.py`, and
from what staff decided about texts of their own office. Words of danger are a rule and no guess.
"""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from services.intake.channels.danger import find_danger
from services.intake.channels.text import find_town
from services.intake.channels.words import CATEGORY_CELLS, CLASS_SIGNS, KEYWORD_CATEGORIES
from services.intake.judgement.model import (
    PHRASES_MAX,
    Classifier,
    Floats,
    Guess,
    Vocabulary,
    list_grams,
)
from shared.contracts.values import LABELS, BeneficiaryClass, Category, Kind
from shared.text import fold_text
from shared.towns import index_codes_by_name, town_name

SHOWN_MIN = 0.35
"""Of a confidence: below it nothing is suggested."""
URGENT_MIN = 0.2
"""A person is rather looked at in vain than overlooked."""
URGENT_LENGTH_MIN = 6
"""Of what is written beside a town: a name alone is shorter."""
PERSONS_MIN = 5
"""Of whose texts an n-gram is kept: what fewer people wrote may be a name."""
TEXT_MAX = 2_000
SENTENCE_MIN = 8

URGENT, CALM = "urgent", "calm"
_CODES = {label: code for code, label in LABELS.items()}


@dataclass(frozen=True, slots=True)
class Example:
    """A text that somebody judged. person_id: whose it is; empty for one of ours."""

    text: str = field(repr=False)
    category: Category | None = None
    beneficiary_class: BeneficiaryClass | None = None
    urgent: bool | None = None
    person_id: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a text suggests; None where it says nothing of it. danger: the words of a crisis."""

    category: Guess | None = None
    kind: Guess | None = None
    beneficiary_class: Guess | None = None
    urgency: Guess | None = None
    town: Guess | None = None
    danger: tuple[str, ...] = ()

    @property
    def is_urgent(self) -> bool:
        return bool(self.danger or self.urgency)


@dataclass(frozen=True, slots=True)
class Judge:
    """Category and urgency are learned. A class is known by what is said of it, and by no tone:
    signs: how often each was right."""

    category: Classifier
    urgency: Classifier
    signs: Mapping[str, float]

    def judge(self, text: str) -> Judgement:
        """Never raises, whatever is written."""
        plain = text[:TEXT_MAX]
        category = _keep(self.category.guess(plain))
        danger = find_danger(plain)
        return Judgement(
            category=category,
            kind=_derive_kind(category),
            beneficiary_class=self._find_class(plain),
            urgency=None if danger else self._find_urgency(plain),
            town=_find_town(plain),
            danger=danger,
        )

    def _find_urgency(self, text: str) -> Guess | None:
        """With the words that led there, or not at all; a name or a place says nothing of it."""
        words = _drop_places(fold_text(text))
        if len(words) < URGENT_LENGTH_MIN:
            return None
        urgency = self.urgency.weigh(words, URGENT)
        if urgency is None or urgency.confidence < URGENT_MIN or not urgency.phrases:
            return None
        return urgency

    def _find_class(self, text: str) -> Guess | None:
        """Of the surest sign; its words are all that point there."""
        plain = fold_text(text)
        signs = [sign for sign in self.signs if sign in plain]
        if not signs:
            return None
        best = max(signs, key=lambda sign: self.signs[sign])
        same = [sign for sign in signs if CLASS_SIGNS[sign] is CLASS_SIGNS[best]]
        return Guess(CLASS_SIGNS[best], self.signs[best], tuple(same[:PHRASES_MAX]))


def _keep(guess: Guess | None) -> Guess | None:
    return guess if guess and guess.confidence >= SHOWN_MIN and guess.phrases else None


def _drop_places(text: str) -> str:
    for name in index_codes_by_name():
        text = text.replace(name, " ")
    return text.strip()


def _derive_kind(category: Guess | None) -> Guess | None:
    """A public work is for a place, everything else for a person."""
    if category is None:
        return None
    is_work = category.label == Category.PUBLIC_WORKS
    return Guess(Kind.PROJECT if is_work else Kind.WISH, category.confidence, category.phrases)


def _find_town(text: str) -> Guess | None:
    """As it is written, or not at all."""
    plain = fold_text(text)
    code = find_town(plain)
    if code is None:
        return None
    written = [
        name for name, each in index_codes_by_name().items() if each == code and name in plain
    ]
    return Guess(code, 1.0, (max(written, key=len, default=town_name(code)),))


def build_judge(judged: Sequence[Example] = ()) -> Judge:
    """Takes a second and more, as the square of the examples. judged: what staff decided."""
    ours = load_examples()
    examples = [*ours, *judged]
    vocabulary = _gather_vocabulary(examples)
    rows = vocabulary.describe(example.text for example in examples)
    urgencies = {True: URGENT, False: CALM, None: None}
    return Judge(
        _fit(vocabulary, rows, examples, [example.category for example in examples]),
        _fit(vocabulary, rows, examples, [urgencies[example.urgent] for example in examples]),
        {sign: _count_right(sign, examples) for sign in CLASS_SIGNS},
    )


def _count_right(sign: str, examples: Sequence[Example]) -> float:
    """The share of texts with this sign that are of its class, as if two more were known."""
    classes = [
        example.beneficiary_class
        for example in examples
        if example.beneficiary_class and sign in example.text
    ]
    return (classes.count(CLASS_SIGNS[sign]) + 1) / (len(classes) + 2)


def _fit(
    vocabulary: Vocabulary,
    rows: Floats,
    examples: Sequence[Example],
    answers: Sequence[str | None],
) -> Classifier:
    """From the examples that answer this question."""
    places = [place for place, answer in enumerate(answers) if answer is not None]
    texts = [answer for answer in answers if answer is not None]
    sentences = np.array([len(examples[place].text) >= SENTENCE_MIN for place in places])
    return Classifier.fit(vocabulary, rows[places], texts, sentences)


def _gather_vocabulary(examples: Sequence[Example]) -> Vocabulary:
    """Whatever we wrote ourselves, and what the texts of several people have in common."""
    writers: defaultdict[str, set[str]] = defaultdict(set)
    allowed = set()
    for example in examples:
        for gram in set(list_grams(example.text)):
            if example.person_id:
                writers[gram].add(example.person_id)
            else:
                allowed.add(gram)
    allowed |= {gram for gram, persons in writers.items() if len(persons) >= PERSONS_MIN}
    return Vocabulary.gather([example.text for example in examples], frozenset(allowed))


@cache
def load_examples() -> tuple[Example, ...]:
    """Those of the file, and each word that stands for a category or class by itself."""
    with (Path(__file__).parent / "examples.csv").open(encoding="utf-8", newline="") as file:
        written = [_parse_row(row) for row in csv.DictReader(file)]
    words = {**CATEGORY_CELLS, **KEYWORD_CATEGORIES}
    return (
        *written,
        *(Example(word, Category(code)) for word, code in words.items()),
    )


def _parse_row(row: Mapping[str, str]) -> Example:
    return Example(
        text=row["内容"],
        category=Category(_CODES[row["类别"]]),
        beneficiary_class=BeneficiaryClass(_CODES[row["困难类别"]]),
        urgent=row["紧急"] == "急",
    )
