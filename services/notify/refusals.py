"""Where no SMS goes: who wants none, and phones to which a carrier brings none."""

from datetime import datetime
from typing import ClassVar

from shared.messaging.decision import State


class OptOut(State):
    """This person wants no SMS. id: the person's. ended_at: he wants them again."""

    COLLECTION: ClassVar[str] = "opt_outs"

    since: datetime
    ended_at: datetime | None = None


class BlockedPhone(State):
    """A carrier carries nothing of ours there. id: intake's name of the phone."""

    COLLECTION: ClassVar[str] = "blocked_phones"

    since: datetime
    code: str
    expires_at: datetime
