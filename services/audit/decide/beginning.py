"""A foundation's books begin: its chart before the first entry, and the balances that the program
before them ended with, each by two people."""

from datetime import datetime

from services.audit.beginning import messages
from services.audit.decide.moments import find_month_flaw
from services.audit.decide.posting import Journal, Movement
from services.audit.decide.proposals import require_open
from services.audit.decide.vouchers import find_flaw
from services.audit.ledger.accounts import Chart, ChartError, check_citation, parse_chart
from services.audit.messages import (
    FOUNDATION_UNKNOWN,
    FUND_UNKNOWN,
    MOMENT_IMPLAUSIBLE,
)
from services.audit.model import Fund, LogHead, is_plausible
from services.audit.model.beginning import (
    ApproveChart,
    ApproveOpeningBalances,
    ChartProposal,
    FoundationChart,
    OpeningBalances,
    ProposeChart,
    ProposeOpeningBalances,
)
from shared.answers import Answer
from shared.ids import make_id
from shared.messaging.decision import Command, Decision, Ref, States
from shared.money import format_yuan

# --- the chart ------------------------------------------------------------------------------------


def choose_chart(states: States, foundation: str, standard: Chart) -> Chart:
    """The foundation's own, else ours."""
    own = states.get(FoundationChart, foundation)
    return standard if own is None else parse_chart(own.toml)


def decide_propose_chart(
    states: States,
    command: Command[ProposeChart],
    now: datetime,  # noqa: ARG001
) -> Decision:
    data, id_ = command.data, make_id("Q", command.key)
    states.get_each((LogHead, data.foundation), (ChartProposal, id_))
    if flaw := _find_flaw_of_chart(states, data.foundation, data.toml):
        return Decision(answer=flaw)
    proposal = ChartProposal(id=id_, maker=command.principal, **data.model_dump())
    return Decision((proposal,), answer=Answer(202, proposal.to_json()))


@require_open(ChartProposal)
def decide_approve_chart(
    states: States,
    command: Command[ApproveChart],
    now: datetime,  # noqa: ARG001
    proposal: ChartProposal,
) -> Decision:
    """From now on the foundation's funds are opened with its accounts. The head is written with
    it, so that no first entry is made meanwhile."""
    states.get_each((LogHead, proposal.foundation), (FoundationChart, proposal.foundation))
    if flaw := _find_flaw_of_chart(states, proposal.foundation, proposal.toml):
        return Decision(answer=flaw)
    approved = proposal.resolve("approved", command.principal)
    chart = FoundationChart(id=proposal.foundation, toml=proposal.toml)
    head = states.require(LogHead, proposal.foundation)
    return Decision((approved, chart, head), answer=Answer(200, approved.to_json()))


def _find_flaw_of_chart(states: States, foundation: str, toml: str) -> Answer | None:
    head = states.get(LogHead, foundation)
    if head is None:
        return FOUNDATION_UNKNOWN.refusal(404, "foundation")
    if head.size or head.closed:
        return messages.BOOKS_BEGUN.refusal(409, "foundation")
    try:
        check_citation(parse_chart(toml))
    except ChartError as error:
        return messages.CHART_WRONG.refusal(422, "toml", reason=error)
    return None


# --- the balances ---------------------------------------------------------------------------------


def decide_propose_opening(
    states: States, command: Command[ProposeOpeningBalances], now: datetime
) -> Decision:
    data, id_ = command.data, make_id("J", command.key)
    funds = (Ref(Fund, each.fund_id) for each in data.balances)
    states.prefetch(Ref(LogHead, data.foundation), Ref(OpeningBalances, id_), *funds)
    states.get(OpeningBalances, id_)
    if not is_plausible(data.at, now):
        return Decision(answer=MOMENT_IMPLAUSIBLE.refusal(422, "at"))
    fields = data.model_dump(exclude={"total_fen", "balances"})
    opening = OpeningBalances(id=id_, maker=command.principal, balances=data.balances, **fields)
    if opening.total_fen != data.total_fen:
        stated, counted = format_yuan(data.total_fen), format_yuan(opening.total_fen)
        values = {"stated": stated, "counted": counted}
        return Decision(answer=messages.TOTAL_DIFFERS.refusal(409, "total_fen", **values))
    flaw = find_flaw(states, data.attachment) or _find_flaw_of_opening(states, opening, now)
    if flaw:
        return Decision(answer=flaw)
    return Decision((opening,), answer=Answer(202, opening.to_json()))


@require_open(OpeningBalances)
def decide_approve_opening(
    states: States,
    command: Command[ApproveOpeningBalances],
    now: datetime,
    opening: OpeningBalances,
) -> Decision:
    """One entry for each fund; all of them or none."""
    funds = (Ref(Fund, each.fund_id) for each in opening.balances)
    states.prefetch(Ref(LogHead, opening.foundation), *funds)
    if flaw := _find_flaw_of_opening(states, opening, now):
        return Decision(answer=flaw)
    journal = Journal.open(states, opening.foundation, now)
    approved = opening.resolve("approved", command.principal)
    approved = approved.place_at(journal.log, journal.head.size)
    for each in opening.balances:
        fund = states.require(Fund, each.fund_id)
        fact = journal.make_fact(f"opening:{opening.id}", fund.id, opening.at)
        movement = Movement("opening_balance", fact, fund.id, each.balance_fen)
        journal.post(movement, fund, authorisation=approved.authorisation)
    journal.save(approved)
    return journal.close(Answer(200, approved.to_json()))


def _find_flaw_of_opening(states: States, opening: OpeningBalances, now: datetime) -> Answer | None:
    """Of funds of this foundation that are open, each once, and in which nothing moved yet."""
    head = states.get(LogHead, opening.foundation)
    if head is None:
        return FOUNDATION_UNKNOWN.refusal(404, "foundation")
    head = head.begin_year(now)
    if flaw := find_month_flaw(head, opening.at):
        return flaw
    ids = [each.fund_id for each in opening.balances]
    for id_ in ids:
        fund = states.get(Fund, id_)
        if fund is None or not fund.is_open or fund.foundation != opening.foundation:
            return FUND_UNKNOWN.refusal(404, "balances", id=id_)
        if fund.log != head.origin or any(fund.totals.values()) or ids.count(id_) > 1:
            return messages.FUND_MOVED.refusal(409, "balances", id=id_)
    return None
