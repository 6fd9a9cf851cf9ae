"""Three names of failure: `Invalid` can never work, `Transient` may later, the rest are bugs.

Every message is in the reader's language: Chinese first, English beside it. The texts stand in
`shared/messages.py` and in the `messages.py` of each service.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from shared.answers import Answer

OWN_VALUES = frozenset(
    {
        *("field", "header", "topic", "length", "min_length", "max_length", "most", "most_zh"),
        *("days", "minutes", "seconds", "megabytes"),
    }
)
"""What fills a message and is ours: every other value may be what somebody sent."""
HIDDEN = "…"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where.

    field: path in the input, such as `need.quantity`; empty when it concerns the whole.
    message, values: what the texts were made of, where it is known.
    """

    code: str
    zh: str
    en: str
    field: str = ""
    message: "Message | None" = dataclasses.field(default=None, compare=False, repr=False)
    values: Mapping[str, object] = dataclasses.field(
        default_factory=dict, compare=False, repr=False
    )

    def hide_values(self) -> "Problem":
        """The same, for who must not read what was sent."""
        if self.message is None:
            return self
        values = {k: v if k in OWN_VALUES else HIDDEN for k, v in self.values.items()}
        return self.message.problem(self.field, **values)

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "field": self.field, "zh": self.zh, "en": self.en}


class Invalid(Exception):  # noqa: N818 - the architecture's word
    """Input that can never work: answered with what to change, or sent to dead letters."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{p.field}: {p.en}" if p.field else p.en for p in problems))
        self.problems = problems


class InvalidValueError(ValueError):
    """Raised by a validator of a pydantic model: the value's own problem instead of pydantic's."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.en)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that can be wrong, in both languages.

    zh and en are `str.format` templates. They are filled with the `field` and the values that are
    passed where the problem occurs: `FUND_UNKNOWN.invalid("fund_id", fund=id_)`.
    """

    code: str
    zh: str
    en: str

    def problem(self, field: str = "", **values: object) -> Problem:
        named = {"field": field, **values}
        zh, en = self.zh.format(**named), self.en.format(**named)
        return Problem(self.code, zh, en, field, self, values)

    def invalid(self, field: str = "", **values: object) -> Invalid:
        """For `raise MESSAGE.invalid(...)`: the input can never work."""
        return Invalid(self.problem(field, **values))

    def invalid_value(self, field: str = "", **values: object) -> InvalidValueError:
        """For `raise MESSAGE.invalid_value(...)` in a validator of a pydantic model."""
        return InvalidValueError(self.problem(field, **values))

    def refusal(self, status: int, /, field: str = "", **values: object) -> Answer:
        """The answer to a command that is understood and not carried out.

        status: 404 for what does not exist, 409 for what its state does not allow.
        """
        return refuse(status, self.problem(field, **values))


def refuse(status: int, *problems: Problem) -> Answer:
    """The body of every failure: `{"problems": [{"code", "field", "zh", "en"}]}`."""
    return Answer(status, {"problems": [problem.as_dict() for problem in problems]})


class Transient(Exception):  # noqa: N818 - the architecture's word
    """Network, not primary, timeout: the same work may succeed later, so it is tried again."""


class Conflict(Transient):
    """Somebody else changed what was read: load again and decide again."""


class PlaceUnsure(Conflict):
    """How far a subject was worked is only remembered: read it, and decide again."""


class QueueFull(Transient):
    """More commands wait to be decided than a process should hold: the caller comes back later."""


class BugBrake(RuntimeError):  # noqa: N818 - the architecture's word
    """Too many bugs among the last events: consumption stops, readiness fails, people look."""
