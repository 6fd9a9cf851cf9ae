"""Which entry a fact becomes, whether the fund can bear it, and what is refused. Pure.

Every decision that appends touches the head of the log. What changes nothing (goods, repetitions)
returns NOTHING and leaves no entry.
"""

from services.audit.decide.commitments import (
    decide_accepted,
    decide_confirmed,
    decide_released,
    fund_of,
    is_money,
)
from services.audit.decide.donations import decide_donation, donation_id
from services.audit.decide.funds import (
    decide_approve_fund,
    decide_decline_fund,
    decide_propose_fund,
)

__all__ = [
    "decide_accepted",
    "decide_approve_fund",
    "decide_confirmed",
    "decide_decline_fund",
    "decide_donation",
    "decide_propose_fund",
    "decide_released",
    "donation_id",
    "fund_of",
    "is_money",
]
