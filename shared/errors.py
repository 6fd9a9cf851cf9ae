"""Three names of failure: `Invalid` can never work, `Transient` may later, the rest are bugs.

Every message is in the reader's language: Chinese first, English beside it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_FIELD_NAME = re.compile(r"[A-Za-z_-]{1,40}")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where.

    field: path in the input, such as `need.quantity`; empty when it concerns the whole.
    """

    code: str
    zh: str
    en: str
    field: str = ""

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "field": self.field, "zh": self.zh, "en": self.en}


class Invalid(Exception):  # noqa: N818 - the architecture's word
    """Input that can never work: answered with what to change, or sent to dead letters."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{p.field}: {p.en}" if p.field else p.en for p in problems))
        self.problems = problems

    @classmethod
    def of(cls, code: str, zh: str, en: str, field: str = "") -> "Invalid":
        return cls(Problem(code, zh, en, field))


class Transient(Exception):  # noqa: N818 - the architecture's word
    """Network, not primary, timeout: the same work may succeed later, so it is tried again."""


class Conflict(Transient):
    """Somebody else changed what was read: load again and decide again."""


class BugBrake(RuntimeError):  # noqa: N818 - the architecture's word
    """Too many bugs among the last events: consumption stops, readiness fails, people look."""


def describe_validation(error: object) -> tuple[Problem, ...]:
    """Pydantic's errors as problems, without the input itself (it may be personal)."""
    from pydantic import ValidationError

    assert isinstance(error, ValidationError)
    return tuple(
        Problem(
            code=e["type"],
            zh=f"字段不符合要求（{e['type']}）",
            en=e["msg"],
            field=field_path(e["loc"]),
        )
        for e in error.errors(include_url=False, include_input=False, include_context=False)
    )


def field_path(location: Iterable[str | int]) -> str:
    """`need.quantity`. A name nobody gave a field is shown only if it looks like one: it comes
    from the input, and may be personal."""
    return ".".join(
        str(part) if isinstance(part, int) or _FIELD_NAME.fullmatch(part) else "?"
        for part in location
    )
