"""A fund is opened by two people: one proposes, another approves or declines."""

from dataclasses import replace
from datetime import datetime

from services.audit.decide.leaves import append_leaf
from services.audit.log import entry as entries
from services.audit.model import ApproveFund, DeclineFund, Fund, ProposeFund, described
from shared.contracts.events import LedgerFundOpened
from shared.messaging.decision import Answer, Command, Decision, States, refusal


def decide_propose_fund(
    states: States,
    command: Command[ProposeFund],
    now: datetime,  # noqa: ARG001
) -> Decision:
    asked = command.data
    known = states.get(Fund, asked.fund_id)
    if known is not None and known.state != "declined":
        return Decision(answer=_taken())
    fund = Fund(
        id=asked.fund_id,
        name=asked.name,
        state="proposed",
        restricted=asked.restricted,
        terms=asked.terms,
        maker=command.principal,
    )
    return Decision((fund,), answer=Answer(202, described(fund)))


def decide_approve_fund(states: States, command: Command[ApproveFund], now: datetime) -> Decision:
    fund = states.get(Fund, command.data.fund_id)
    if fund is None or fund.state != "proposed" or fund.maker == command.principal:
        return Decision(answer=_why_not(fund))
    opened = fund.model_copy(update={"state": "open", "checker": command.principal})
    fact = entries.Fact({"id": f"fund:{fund.id}", "source": "/audit"}, fund.id, now)
    draft = entries.fund_opened(fact, fund.id, fund.name, restricted=fund.restricted)
    leaf = append_leaf(states, draft, now)
    told = leaf.told(LedgerFundOpened, fund_id=fund.id)
    decision = leaf.decided(opened, events=((opened, told),))
    return replace(decision, answer=Answer(200, described(opened)))


def decide_decline_fund(
    states: States,
    command: Command[DeclineFund],
    now: datetime,  # noqa: ARG001
) -> Decision:
    fund = states.get(Fund, command.data.fund_id)
    if fund is None or fund.state != "proposed" or fund.maker == command.principal:
        return Decision(answer=_why_not(fund))
    declined = fund.model_copy(update={"state": "declined", "checker": command.principal})
    return Decision((declined,), answer=Answer(200, described(declined)))


def _taken() -> Answer:
    return refusal(409, "fund_exists", "该基金编号已被使用", "this fund id is taken", "fund_id")


def _why_not(fund: Fund | None) -> Answer:
    if fund is None:
        return refusal(404, "fund_unknown", "没有这个基金", "there is no such fund", "fund_id")
    if fund.state != "proposed":
        return refusal(
            409, "fund_not_proposed", "该基金不在待审核状态", f"this fund is {fund.state}"
        )
    return refusal(
        409,
        "second_person_needed",
        "提出人不能审核自己的提议",
        "the one who proposed it cannot also decide on it",
    )
