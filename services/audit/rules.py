"""What decisions go by besides the states: our foundations and the chart of accounts."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.audit.ledger.accounts import Chart
from services.audit.model import Fund


@dataclass(frozen=True, slots=True)
class Rules:
    """foundations: name by id. default_foundation: our own. mandates_required: whether
    money that names no mandate is refused. mandate_consent_fen_max: so much of a donor's gifts a
    checker gives by the consent that a partner has on record. mandate_proposals_max: so many that
    one partner asked for may wait at once. payment_sources: which banks may say that money left;
    empty: all. waiting_gift_days: so long a gift waits for its fund before the log tells of it."""

    chart: Chart
    foundations: Mapping[str, str]
    default_foundation: str
    mandates_required: bool
    mandate_consent_fen_max: int
    mandate_proposals_max: int
    payment_sources: tuple[str, ...] = ()
    waiting_gift_days: int = 30

    def may_state_payments(self, source: str) -> bool:
        return not self.payment_sources or source in self.payment_sources

    def choose_foundation(self, fund: Fund | None) -> str:
        """Whose log says what is asked of a fund; of one that nobody knows, our own."""
        return fund.foundation if fund else self.default_foundation
