"""What a service asks another for when events of it have not come: `POST /internal/resend`."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from shared.contracts.values import Value

RESEND_PATH = "/internal/resend"
SUBJECTS_MAX = 50
EVENTS_MAX = 200
"""Of one subject in one call; what is missing beyond is asked for when these have come."""


class Missing(Value):
    """Events of one subject. first, last: their sequences, both included."""

    subject: Annotated[str, Field(min_length=1, max_length=300)]
    first: Annotated[int, Field(ge=1)]
    last: Annotated[int, Field(ge=1)]


class ResendQuery(Value):
    missing: Annotated[tuple[Missing, ...], Field(min_length=1, max_length=SUBJECTS_MAX)]

    def list_sequences(self) -> Mapping[str, set[int]]:
        """By subject; of each at most EVENTS_MAX, whatever the caller names."""
        wanted: dict[str, set[int]] = {}
        for each in self.missing:
            sequences = wanted.setdefault(each.subject, set())
            last = min(each.last, each.first + EVENTS_MAX - len(sequences) - 1)
            sequences.update(range(each.first, last + 1))
        return wanted
