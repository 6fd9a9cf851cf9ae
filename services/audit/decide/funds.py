"""A fund is opened by two people: one proposes, another approves or declines."""

import re
from datetime import datetime
from typing import Any

from services.audit.decide.two_people import decline, why_not_decide
from services.audit.decide.writing import Writer
from services.audit.ledger import entries
from services.audit.model import ApproveFund, DeclineFund, Fund, LogHead, ProposeFund, described
from services.audit.rules import Rules
from shared.contracts.events import LedgerFundOpened
from shared.messaging.decision import Answer, AnyRef, Command, Decision, Ref, States, refusal

_TAKEN = re.compile(r"(M|D|B|S|T|V)-.*")
"""Ids of matches, donations and the like: a fund tells of itself on the same topic."""


def touches(command: Command[Any]) -> tuple[AnyRef, ...]:
    return (Ref(Fund, command.data.fund_id),)


def follow(states: States, command: Command[ApproveFund]) -> tuple[AnyRef, ...]:
    fund = states.get(Fund, command.data.fund_id)
    return (Ref(LogHead, fund.foundation),) if fund else ()


def decide_propose(
    rules: Rules,
    states: States,
    command: Command[ProposeFund],
    now: datetime,  # noqa: ARG001
) -> Decision:
    asked = command.data
    foundation = asked.foundation or rules.default_foundation
    known = states.get(Fund, asked.fund_id)
    if (known is not None and known.state != "declined") or _TAKEN.fullmatch(asked.fund_id):
        return Decision(answer=_taken())
    if foundation not in rules.foundations:
        return Decision(answer=_no_foundation())
    fund = Fund(
        id=asked.fund_id,
        name=asked.name,
        state="proposed",
        restricted=asked.restricted,
        terms=asked.terms,
        foundation=foundation,
        accounts=rules.chart.of_fund(restricted=asked.restricted),
        maker=command.principal,
    )
    return Decision((fund,), answer=Answer(202, described(fund)))


def decide_approve(states: States, command: Command[ApproveFund], now: datetime) -> Decision:
    fund = states.get(Fund, command.data.fund_id)
    why_not = why_not_decide(fund, command.principal, "基金", "fund")
    if why_not is not None or fund is None:
        return Decision(answer=why_not)
    writer = Writer.of(states, fund.foundation, now)
    leaf = writer.append(entries.fund_opened(writer.here("fund", fund.id), fund.opening))
    opened = fund.decided("open", command.principal).model_copy(update={"log": leaf.log})
    writer.tell(opened, leaf.told(LedgerFundOpened, fund_id=fund.id))
    return writer.decision(answer=Answer(200, described(opened)))


def decide_decline(
    states: States,
    command: Command[DeclineFund],
    now: datetime,  # noqa: ARG001
) -> Decision:
    known = states.get(Fund, command.data.fund_id)
    return decline(known, command.principal, "基金", "fund", described)


def _taken() -> Answer:
    return refusal(409, "fund_exists", "该基金编号已被使用", "this fund id is taken", "fund_id")


def _no_foundation() -> Answer:
    zh, en = "没有这个基金会", "there is no such foundation"
    return refusal(404, "foundation_unknown", zh, en, "foundation")
