"""An answer to a command: what the caller reads, and what is stored with its idempotency key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and a JSON-able body."""

    status: int
    body: Mapping[str, Any]
