"""An answer to a command: what the caller reads, and what is stored with its idempotency key."""

from dataclasses import dataclass

from shared.documents import Document


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and a JSON-able body."""

    status: int
    body: Document
