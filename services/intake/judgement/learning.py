"""Learning from what staff decided, and keeping what was learned for every instance.

The texts stay sealed with their persons: they are opened to learn, the looks are logged, and what
is kept are weights of n-grams that several people wrote. Who is erased is learned from no more.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

import numpy as np
from numpy.typing import NDArray

from services.intake import store
from services.intake.judgement.model import Classifier, Vocabulary
from services.intake.judgement.reading import Example, Judge, build_judge
from services.intake.model import Request
from services.intake.vault.persons import open_text
from services.intake.vault.sealing import Vault
from shared import mongo
from shared.documents import Document
from shared.security import Credential

JUDGES = "judges"
CURRENT = "current"
LEARNED_MAX = 1_500
"""Of the latest decisions: one linear system of that size takes seconds."""

INDEXES: tuple[mongo.Index, ...] = (
    (
        Request.COLLECTION,
        [("classified.at", -1)],
        {"name": "classified", "partialFilterExpression": {"classified.by": {"$gt": ""}}},
    ),
)


@dataclass(frozen=True, slots=True)
class Lesson:
    """texts: that staff judged. agreed: of them, where the judge of before suggested the same."""

    texts: int
    agreed: int
    suggested: int


@dataclass(slots=True)
class Shelf:
    """The judge in force; loaded when it is asked for, and again when another learned."""

    version: str = ""
    judge: Judge | None = field(default=None, repr=False)

    async def find(self, database: mongo.Database) -> Judge:
        row = await database[JUDGES].find_one({"_id": CURRENT}, {"version": 1})
        version = str(row["version"]) if row else ""
        if self.judge is None or version != self.version:
            stored = await database[JUDGES].find_one({"_id": CURRENT}) if row else None
            self.judge = _load(stored) if stored else await asyncio.to_thread(build_own_judge)
            self.version = version
        return self.judge


@cache
def build_own_judge() -> Judge:
    """From our own examples alone."""
    return build_judge()


async def learn(
    database: mongo.Database, vault: Vault, shelf: Shelf, caller: Credential, at: datetime
) -> Lesson:
    """From the latest decisions; the looks into the vault are logged before anything is opened."""
    rows = await mongo.find(
        database,
        Request,
        {"classified.by": {"$gt": ""}},
        sort=[("classified.at", -1)],
        limit=LEARNED_MAX,
    )
    persons = await store.load_persons(database, {row.person_id for row in rows})
    await store.VAULT_LOOKS.add(database, caller, "improve_suggestions", sorted(persons), at)
    examples = [
        Example(text, row.category, urgent=row.urgent, person_id=row.person_id)
        for row in rows
        if (person := persons.get(row.person_id)) and (text := open_text(vault, person, row))
    ]
    before = await shelf.find(database)
    lesson = await asyncio.to_thread(_compare, before, examples)
    judge = await asyncio.to_thread(build_judge, examples)
    document = _dump(judge) | {"version": at.isoformat(), "texts": len(examples)}
    await database[JUDGES].replace_one({"_id": CURRENT}, document, upsert=True)
    return lesson


def _compare(judge: Judge, examples: Sequence[Example]) -> Lesson:
    guesses = [(judge.judge(example.text).category, example.category) for example in examples]
    suggested = [(guess.label, category) for guess, category in guesses if guess]
    agreed = sum(label == category for label, category in suggested)
    return Lesson(len(examples), agreed, len(suggested))


# --- stored ---------------------------------------------------------------------------------------


def _dump(judge: Judge) -> dict[str, object]:
    vocabulary = judge.category.vocabulary
    return {
        "grams": sorted(vocabulary.places, key=vocabulary.places.__getitem__),
        "weights": vocabulary.weights.astype(np.float32).tobytes(),
        "category": _dump_classifier(judge.category),
        "urgency": _dump_classifier(judge.urgency),
        "signs": [[sign, share] for sign, share in judge.signs.items()],
    }


def _dump_classifier(classifier: Classifier) -> dict[str, object]:
    return {
        "labels": list(classifier.labels),
        "coefficients": classifier.coefficients.astype(np.float32).tobytes(),
        "offsets": classifier.offsets.astype(np.float32).tobytes(),
        "temperature": classifier.temperature,
    }


def _load(row: Document) -> Judge:
    places = {gram: place for place, gram in enumerate(row["grams"])}
    vocabulary = Vocabulary(places, _read_floats(row["weights"]))
    return Judge(
        _load_classifier(vocabulary, row["category"]),
        _load_classifier(vocabulary, row["urgency"]),
        {sign: float(share) for sign, share in row["signs"]},
    )


def _load_classifier(vocabulary: Vocabulary, row: Document) -> Classifier:
    labels = tuple(row["labels"])
    coefficients = _read_floats(row["coefficients"]).reshape(-1, len(labels))
    offsets = _read_floats(row["offsets"])
    return Classifier(labels, vocabulary, coefficients, offsets, float(row["temperature"]))


def _read_floats(content: bytes) -> NDArray[np.float64]:
    return np.frombuffer(content, dtype=np.float32).astype(np.float64)
