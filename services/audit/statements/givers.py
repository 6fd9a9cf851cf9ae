"""Givers into intake's vault, many at a time, and their ids back: names go nowhere else."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from services.audit.statements.reading import Gift
from shared.documents import Document, Json
from shared.errors import Problem
from shared.ids import make_id

BATCH_MAX = 100
"""Intake's `parties_per_call`."""
AT_ONCE = 4
REMEMBERED_MAX = 200_000

Registered = str | tuple[Problem, ...]
"""A giver's id, or why the vault does not take him."""


class Poster(Protocol):
    """`shared.client.ServiceClient`, for intake."""

    def post(self, path: str, json: Json = None) -> Json: ...


class Givers:
    """Remembers whom it registered, up to so many: asking again would only take longer."""

    def __init__(self, intake: Poster) -> None:
        self._intake = intake
        self._registered: dict[str, Registered] = {}

    def register(self, gifts: Sequence[Gift]) -> list[Registered]:
        """In order."""
        keys = [make_giver_key(gift) for gift in gifts]
        if len(self._registered) > REMEMBERED_MAX:
            self._registered.clear()
        pairs = zip(keys, gifts, strict=True)
        new = {key: gift for key, gift in pairs if key not in self._registered}
        portions = split_portions(list(new.items()))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for answers in pool.map(self._post, portions):
                self._registered.update(answers)
        return [self._registered[key] for key in keys]

    def _post(self, portion: Sequence[tuple[str, Gift]]) -> dict[str, Registered]:
        answers = self._intake.post("/parties/batch", describe_givers(portion))["answers"]
        return read_answers(answers)


def describe_givers(portion: Sequence[tuple[str, Gift]]) -> list[dict[str, object]]:
    """For intake. portion: gifts with the keys of their givers."""
    return [{"idempotency_key": key, "party": gift.giver} for key, gift in portion]


def read_answers(answers: Sequence[Document]) -> dict[str, Registered]:
    """By key."""
    return {answer["idempotency_key"]: _read_answer(answer) for answer in answers}


def make_giver_key(gift: Gift) -> str:
    """The same for the same giver."""
    return make_id("party", *(f"{k}={v}" for k, v in sorted(gift.giver.items())))


def split_portions(of: Sequence[tuple[str, Gift]]) -> list[Sequence[tuple[str, Gift]]]:
    return [of[start : start + BATCH_MAX] for start in range(0, len(of), BATCH_MAX)]


def _read_answer(answer: Document) -> Registered:
    if "person_id" in answer:
        return str(answer["person_id"])
    return tuple(
        Problem(each.get("code", "giver_refused"), each["zh"], each["en"], each["field"])
        for each in answer["problems"]
    )
