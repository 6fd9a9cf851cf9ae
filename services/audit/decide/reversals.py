"""A mistake is undone by an entry that mirrors it: by two people, once, while its year runs."""

from datetime import datetime
from typing import Any

from services.audit.decide.two_people import decline, why_not_decide
from services.audit.decide.undoing import Undone, named_by, undo
from services.audit.decide.writing import Writer
from services.audit.ledger import entries
from services.audit.ledger.canonical import NotCanonicalError, parse_entry
from services.audit.model import (
    ApproveReversal,
    DeclineReversal,
    Fund,
    LogHead,
    ProposeReversal,
    Reversal,
    reversal_id,
    shown,
)
from shared.contracts.events import LedgerReversed
from shared.contracts.ledger import LedgerEntry
from shared.errors import Invalid
from shared.messaging.decision import Answer, AnyRef, Command, Decision, Ref, States, refusal


def touches_propose(command: Command[ProposeReversal]) -> tuple[AnyRef, ...]:
    asked = command.data
    fund = Ref(Fund, fund_in(original_of(asked)))
    return Ref(Reversal, reversal_id(asked.log, asked.index)), fund


def follow_propose(states: States, command: Command[ProposeReversal]) -> tuple[AnyRef, ...]:
    fund = states.get(Fund, fund_in(original_of(command.data)))
    return (Ref(LogHead, fund.foundation),) if fund else ()


def decide_propose(states: States, command: Command[ProposeReversal], now: datetime) -> Decision:
    asked = command.data
    known = states.get(Reversal, reversal_id(asked.log, asked.index))
    if known is not None and known.state != "declined":
        return Decision(answer=_taken(known))
    fund = states.get(Fund, fund_in(original_of(asked)))
    if fund is None or not _runs(states, fund.foundation, asked.log, now):
        return Decision(answer=_year_over())
    reversal = Reversal(
        id=reversal_id(asked.log, asked.index),
        maker=command.principal,
        reference=asked.reference,
        foundation=fund.foundation,
        reverses_log=asked.log,
        reverses=asked.index,
        fund_id=fund.id,
        leaf=asked.leaf,
    )
    return Decision((reversal,), answer=Answer(202, shown(reversal)))


def touches(command: Command[Any]) -> tuple[AnyRef, ...]:
    return (Ref(Reversal, command.data.reversal_id),)


def follow(states: States, command: Command[ApproveReversal]) -> tuple[AnyRef, ...]:
    known = states.get(Reversal, command.data.reversal_id)
    if known is None:
        return ()
    return (Ref(LogHead, known.foundation), *named_by(parse_entry(known.leaf.encode())))


def decide_approve(states: States, command: Command[ApproveReversal], now: datetime) -> Decision:
    known = states.get(Reversal, command.data.reversal_id)
    why_not = why_not_decide(known, command.principal, "冲正", "reversal")
    if why_not is not None or known is None:
        return Decision(answer=why_not)
    if not _runs(states, known.foundation, known.reverses_log, now):
        return Decision(answer=_year_over())
    original = parse_entry(known.leaf.encode())
    undone = undo(states, original)
    if not isinstance(undone, Undone):
        return Decision(answer=undone)
    approved = known.decided("approved", command.principal)
    return _reverse(Writer.of(states, known.foundation, now), approved, original, undone)


def _reverse(writer: Writer, reversal: Reversal, original: LedgerEntry, undone: Undone) -> Decision:
    fact = writer.here("reversal", reversal.id)
    leaf = writer.append(entries.reversal(fact, original, reversal.authorisation()))
    done = reversal.model_copy(update=leaf.place)
    told = leaf.told(LedgerReversed, fund_id=reversal.fund_id, reverses=reversal.reverses)
    writer.tell(done, told)
    return writer.decision(*undone.states, answer=Answer(200, shown(done)))


def decide_decline(
    states: States,
    command: Command[DeclineReversal],
    now: datetime,  # noqa: ARG001
) -> Decision:
    known = states.get(Reversal, command.data.reversal_id)
    return decline(known, command.principal, "冲正", "reversal", shown)


def original_of(asked: ProposeReversal) -> LedgerEntry:
    """Raises Invalid: no entry, or one that moved nothing, or is undone by nothing."""
    try:
        entry = parse_entry(asked.leaf.encode())
    except NotCanonicalError:
        raise Invalid.of("not_an_entry", "不是账本条目", "this is no entry", "leaf") from None
    if not named_by(entry):
        kind = entry["kind"]
        raise Invalid.of(
            "not_reversible", f"{kind} 不能冲正", f"a {kind} cannot be reversed", "index"
        )
    return entry


def fund_in(entry: LedgerEntry) -> str:
    """The fund of its first leg: of a transfer, the one that gave."""
    return entry["legs"][0]["fund"]


def _runs(states: States, foundation: str, log: str, now: datetime) -> bool:
    """Whether that log is still written."""
    head = states.get(LogHead, foundation)
    return head is not None and head.in_year_of(now).origin == log


def _taken(known: Reversal) -> Answer:
    zh, en = "该条目已有冲正", f"a reversal of this entry is {known.state}"
    return refusal(409, "reversal_exists", zh, en, "index")


def _year_over() -> Answer:
    zh, en = "该条目所在年度已结账", "the ledger year of this entry is closed"
    return refusal(409, "year_closed", zh, en, "log")
