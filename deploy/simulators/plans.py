"""What becomes of one call, in terms that all providers share."""

from dataclasses import dataclass
from typing import Literal

Refusal = Literal["unavailable", "throttled", "blacklisted", "ambiguous", "token", "overloaded"]
Fate = Literal["delivered", "failed", "dropped"]


@dataclass(frozen=True, slots=True)
class Plan:
    """refusal: what the call is answered instead of ok; once: at the first call only. by: the
    provider that does so; None: each.
    """

    fate: Fate = "delivered"
    refusal: Refusal | None = None
    once: bool = False
    by: str | None = None
    hangs: bool = False
    receipt_first: bool = False
    receipt_copies: int = 1
    receipt_withheld: bool = False
    receipt_late: bool = False
