"""Givers into intake's vault, many at a time, and their ids back: names go nowhere else."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from services.audit.statements.reading import Gift, Refused
from shared.ids import derived_id

BATCH_MAX = 500
AT_ONCE = 4
KNOWN_MAX = 200_000


class Poster(Protocol):
    """`shared.client.ServiceClient`, for intake."""

    def post(self, path: str, json: Any = None) -> Any: ...


class Givers:
    """Remembers whom it registered, up to so many: asking again would only take longer."""

    def __init__(self, intake: Poster) -> None:
        self._intake = intake
        self._known: dict[str, str | Refused] = {}

    def ids(self, gifts: Sequence[Gift]) -> list[str | Refused]:
        """In order: a giver's id, or why the vault does not take him (line 0)."""
        keys = [_key(gift) for gift in gifts]
        if len(self._known) > KNOWN_MAX:
            self._known.clear()
        new = {k: g for k, g in zip(keys, gifts, strict=True) if k not in self._known}
        chunks = _chunks(list(new.items()))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for answers in pool.map(self._register, chunks):
                self._known.update(answers)
        return [self._known[key] for key in keys]

    def _register(self, chunk: Sequence[tuple[str, Gift]]) -> dict[str, str | Refused]:
        body = [{"idempotency_key": key, "party": gift.giver} for key, gift in chunk]
        answers = self._intake.post("/parties/batch", body)["answers"]
        return {answer["idempotency_key"]: _read(answer) for answer in answers}


def _key(gift: Gift) -> str:
    return derived_id("party", *(f"{k}={v}" for k, v in sorted(gift.giver.items())))


def _chunks(of: Sequence[tuple[str, Gift]]) -> list[Sequence[tuple[str, Gift]]]:
    return [of[start : start + BATCH_MAX] for start in range(0, len(of), BATCH_MAX)]


def _read(answer: dict[str, Any]) -> str | Refused:
    if "person_id" in answer:
        return str(answer["person_id"])
    problem = answer["problems"][0]
    return Refused(0, problem["field"], problem["zh"], problem["en"])
