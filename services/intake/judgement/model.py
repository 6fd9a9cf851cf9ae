"""What a text is probably about, learned from examples: a ridge regression over character n-grams.

Written in numpy because it is small: a few hundred lines of examples, two to three thousand
n-grams, one linear system of the examples' size. Its scores on examples that it was not shown come
with the solution (leave one out), so a confidence is measured and not claimed.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.text import fold_text

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

GRAM_MAX = 3
PENALTY = 1.0
TEMPERATURES = tuple(float(each) for each in np.geomspace(1.0, 40.0, 24))
PHRASES_MAX = 3
CONFIDENCE_MAX = 0.95
"""Nobody is surer of a stranger's words."""
SHARE_MIN = 0.12
"""Of the strongest phrase's weight: what weighs less did not lead there."""

_EDGES = "的了着是在有我你他她们把被边这那个都也就和与及要想能得"
"""What no phrase begins or ends with."""
_RUNS = re.compile(r"[一-鿿]+|[a-z]+")


@dataclass(frozen=True, slots=True)
class Guess:
    """label: what it probably is. phrases: the words that led there. confidence: from 0 to 1."""

    label: str
    confidence: float
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The n-grams that count, with the weight of each: the rarer the more."""

    places: Mapping[str, int]
    weights: Floats

    @classmethod
    def gather(cls, texts: Sequence[str], allowed: frozenset[str] | None = None) -> "Vocabulary":
        """allowed: None for all that occur twice."""
        counts = Counter(gram for text in texts for gram in set(list_grams(text)))
        grams = sorted(
            gram for gram, n in counts.items() if (n > 1 if allowed is None else gram in allowed)
        )
        inverse = [np.log((1 + len(texts)) / (1 + counts[gram])) + 1 for gram in grams]
        return cls({gram: place for place, gram in enumerate(grams)}, np.array(inverse))

    def describe(self, texts: Iterable[str]) -> Floats:
        """A row for each, of length one with what nobody knows: strange words make unsure."""
        rows = list(texts)
        matrix = np.zeros((len(rows), len(self.places)))
        for row, text in enumerate(rows):
            grams = set(list_grams(text))
            places = [self.places[gram] for gram in grams if gram in self.places]
            weights = self.weights[places]
            strange = (len(grams) - len(places)) * float(self.weights.max()) ** 2
            length = float(np.sqrt(weights @ weights + strange))
            matrix[row, places] = weights / (length or 1.0)
        return matrix


def list_grams(text: str) -> list[str]:
    """Of words alone: digits are somebody's numbers."""
    return [
        run[start : start + length]
        for run in _RUNS.findall(fold_text(text).casefold())
        for length in range(1, GRAM_MAX + 1)
        for start in range(len(run) - length + 1)
    ]


@dataclass(frozen=True, slots=True)
class Classifier:
    """One question with its possible answers. temperature: makes scores a probability."""

    labels: tuple[str, ...]
    vocabulary: Vocabulary
    coefficients: Floats
    offsets: Floats
    temperature: float

    @classmethod
    def fit(
        cls, vocabulary: Vocabulary, rows: Floats, answers: Sequence[str], measured: Flags
    ) -> "Classifier":
        """Each answer weighs the same, however often it occurs. measured: whole sentences, by which
        the confidence is set: single words are right too easily."""
        labels = tuple(sorted(set(answers)))
        truth = np.array([labels.index(answer) for answer in answers])
        targets = np.where(truth[:, None] == np.arange(len(labels)), 1.0, -1.0)
        counts = Counter(answers)
        balance = np.array([len(answers) / (len(labels) * counts[answer]) for answer in answers])
        offsets = (balance[:, None] * targets).sum(axis=0) / balance.sum()
        kernel = rows @ rows.T
        inverse = np.linalg.inv(kernel + np.diag(PENALTY / balance))
        dual = inverse @ (targets - offsets)
        unseen = targets - dual / np.diag(inverse)[:, None]
        temperature = min(
            TEMPERATURES, key=lambda t: _measure_loss(unseen[measured] * t, truth[measured])
        )
        return cls(labels, vocabulary, rows.T @ dual, offsets, temperature)

    def guess(self, text: str) -> Guess | None:
        """None where no word of it is known."""
        (row,) = self.vocabulary.describe([text])
        if not row.any():
            return None
        chances = self._find_chances(row)
        return self._explain(text, row, chances, int(chances.argmax()))

    def weigh(self, text: str, label: str) -> Guess | None:
        """How likely this label is, and the words that speak for it, though another is likelier.
        None where no word of it is known."""
        (row,) = self.vocabulary.describe([text])
        if not row.any():
            return None
        return self._explain(text, row, self._find_chances(row), self.labels.index(label))

    def _find_chances(self, row: Floats) -> Floats:
        return _make_chances((row @ self.coefficients + self.offsets) * self.temperature)

    def _explain(self, text: str, row: Floats, chances: Floats, label: int) -> Guess:
        others = np.delete(self.coefficients, label, axis=1).mean(axis=1)
        weights = row * (self.coefficients[:, label] - others)
        phrases = _find_phrases(text, self.vocabulary, weights)
        return Guess(self.labels[label], min(float(chances[label]), CONFIDENCE_MAX), phrases)


def _make_chances(scores: Floats) -> Floats:
    exponents = np.exp(scores - scores.max(axis=-1, keepdims=True))
    chances: Floats = exponents / exponents.sum(axis=-1, keepdims=True)
    return chances


def _measure_loss(scores: Floats, truth: NDArray[np.intp]) -> float:
    """How surprised it is by what is true."""
    chances = _make_chances(scores)[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(chances, 1e-9)).mean())


def _find_phrases(text: str, vocabulary: Vocabulary, weights: Floats) -> tuple[str, ...]:
    """The pieces of the text that weigh most: n-grams that touch are one piece."""
    phrases: dict[str, float] = {}
    for run in _RUNS.findall(fold_text(text).casefold()):
        marks = np.zeros(len(run))
        for length in range(1, GRAM_MAX + 1):
            for start in range(len(run) - length + 1):
                place = vocabulary.places.get(run[start : start + length])
                if place is not None:
                    marks[start : start + length] += weights[place] / length
        for piece in _split_pieces(run, marks):
            phrases[piece[0]] = max(phrases.get(piece[0], 0.0), piece[1])
    top = sorted(phrases.items(), key=lambda each: -each[1])[:PHRASES_MAX]
    return tuple(phrase for phrase, weight in top if weight >= SHARE_MIN * top[0][1])


def _split_pieces(run: str, marks: Floats) -> list[tuple[str, float]]:
    """Where characters speak for it, two to six of them together."""
    threshold = max(float(marks.mean()), 0.0) / 2
    pieces, start = [], 0
    for place in range(len(run) + 1):
        if place < len(run) and marks[place] > threshold and place - start < 6:
            continue
        if place - start >= 2:
            piece = run[start:place]
            trimmed = piece.strip(_EDGES)
            phrase = trimmed if len(trimmed) > 1 else piece
            pieces.append((phrase, float(marks[start:place].sum())))
        start = place if place < len(run) and marks[place] > threshold else place + 1
    return pieces
