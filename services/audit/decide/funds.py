"""A fund is opened by two people: one proposes, another approves or declines."""

import re
from datetime import datetime

from services.audit import messages
from services.audit.decide.beginning import choose_chart
from services.audit.decide.posting import Journal
from services.audit.decide.proposals import require_open
from services.audit.ledger import entries
from services.audit.model import ApproveFund, Fund, ProposeFund
from services.audit.rules import Rules
from shared.answers import Answer
from shared.contracts.events import LedgerFundOpened
from shared.messaging.decision import Command, Decision, States

_RESERVED_ID = re.compile(r"(A|B|D|M|S|T|V)-.*")
"""Ids of matches, donations and the like: a fund emits events on the same topic."""


def decide_propose_fund(
    rules: Rules,
    states: States,
    command: Command[ProposeFund],
    now: datetime,  # noqa: ARG001
) -> Decision:
    proposal = command.data
    foundation = proposal.foundation or rules.default_foundation
    existing = states.get(Fund, proposal.fund_id)
    is_taken = existing is not None and existing.state != "declined"
    if is_taken or _RESERVED_ID.fullmatch(proposal.fund_id):
        return Decision(answer=messages.FUND_EXISTS.refusal(409, "fund_id"))
    if foundation not in rules.foundations:
        return Decision(answer=messages.FOUNDATION_UNKNOWN.refusal(404, "foundation"))
    fund = Fund(
        id=proposal.fund_id,
        name=proposal.name,
        state="proposed",
        restricted=proposal.restricted,
        terms=proposal.terms,
        foundation=foundation,
        accounts=choose_chart(states, foundation, rules.chart).of_fund(
            restricted=proposal.restricted
        ),
        maker=command.principal,
    )
    return Decision((fund,), answer=Answer(202, fund.to_json()))


@require_open(Fund)
def decide_approve_fund(
    states: States, command: Command[ApproveFund], now: datetime, fund: Fund
) -> Decision:
    journal = Journal.open(states, fund.foundation, now)
    opened = fund.resolve("open", command.principal).model_copy(update={"log": journal.log})
    fact = journal.make_fact("fund", fund.id)
    draft = entries.draft_fund_opened(fact, fund.opening, opened.maker, opened.checker)
    journal.record(draft, opened, LedgerFundOpened, fund_id=fund.id)
    return journal.close(Answer(200, opened.to_json()))
