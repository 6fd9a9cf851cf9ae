"""Where a process notes which calls begin, of those that it claimed ahead. docs/decisions/0490."""

from datetime import datetime
from typing import ClassVar

from shared.messaging.decision import State

NEVER_BEGAN = "never_began"
"""The code of an attempt whose call certainly did not begin."""


class CallRegister(State):
    """Calls that a process began and whose outcomes may not be stored yet, by `name_call`.

    Written by that process alone, outside of transactions; who reads it in a decision raises its
    version, and then it is written no more.
    """

    COLLECTION: ClassVar[str] = "call_registers"

    calling: tuple[str, ...] = ()
    expires_at: datetime


def name_call(notice_id: str, attempt: int) -> str:
    return f"{notice_id}/{attempt}"
