"""What audit's log says of funds."""

from datetime import datetime

from pydantic import ValidationError

from services.matching.model.funds import KnownFund, LoggedFund
from shared.contracts.envelope import Event
from shared.contracts.events import LedgerCarried, LedgerFundOpened
from shared.messaging.decision import NOTHING, Decision, States


def decide_fund_said(
    states: States,
    event: Event[LedgerFundOpened] | Event[LedgerCarried],
    now: datetime,  # noqa: ARG001
) -> Decision:
    """Commitments and goods are carried into a year too: they say no terms."""
    try:
        logged = LoggedFund.model_validate_json(event.data.entry)
    except ValidationError:
        return NOTHING
    fund = KnownFund(
        id=logged.fund,
        categories=logged.terms.categories,
        beneficiary_classes=logged.terms.beneficiary_classes,
        town_codes=logged.terms.towns,
    )
    return NOTHING if states.get(KnownFund, fund.id) == fund else Decision((fund,))
