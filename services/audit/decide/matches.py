"""What matching says, as the ledger sees it: whose money or stock, and for which match."""

from typing import TypeVar

from services.audit.ledger import entries
from services.audit.model import GENERAL_FUND, Fund
from services.audit.rules import Rules
from shared.contracts import ledger
from shared.contracts.envelope import Event
from shared.contracts.events import MatchFact
from shared.contracts.values import MONEY_UNIT

M = TypeVar("M", bound=MatchFact)


def is_money(match: MatchFact) -> bool:
    return match.unit == MONEY_UNIT


def fund_of(match: MatchFact) -> str:
    """Goods without a fund are the donor's own and leave no trace on the ledger."""
    return match.fund_id or (GENERAL_FUND if is_money(match) else "")


def foundation_of(rules: Rules, fund: Fund | None) -> str:
    return fund.foundation if fund else rules.default_foundation


def fact_of(event: Event[M]) -> entries.Fact:
    return entries.Fact(ledger.Event(id=event.id, source=event.source), event.subject, event.time)
