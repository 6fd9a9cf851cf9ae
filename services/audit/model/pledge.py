"""What a donor promised to give: an offer of money, as matching registered it."""

from datetime import datetime
from typing import ClassVar

from shared.contracts.values import PositiveFen
from shared.messaging.decision import State


class Pledge(State):
    """Its id is the offer's. Withdrawn, it is no longer awaited, yet what came is its answer."""

    COLLECTION: ClassVar[str] = "pledges"

    donor_id: str
    fund_id: str
    amount_fen: PositiveFen
    registered_at: datetime
    withdrawn_at: datetime | None = None
