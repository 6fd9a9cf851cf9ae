"""The decisions against a model of plain sums, and against the books the logs alone give.

Facts come in any order, twice, under used ids, before and after a year's end, and some decisions
are lost with their process before they are durable. Whatever happens, each log stands on its own.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.audit.ledger.balances import list_totals
from services.audit.ledger.books import Books
from services.audit.ledger.verification import EventRegister
from services.audit.ledger.years import check_brought_forward
from services.audit.model import (
    ApproveReversal,
    ApproveTransfer,
    BringCommitmentForward,
    BringFundForward,
    BringStockForward,
    CloseYear,
    Commitment,
    Donation,
    FinishBringingForward,
    Fund,
    ProposeReversal,
    ProposeTransfer,
    Stock,
    derive_donation_id,
)
from services.audit.tlog.checkpoint import Checkpoint
from shared.messaging.decision import NOTHING
from tests.audit import facts
from tests.audit.decisions import FOUNDATION, ORIGIN, MemoryAudit, open_audit
from tests.audit.facts import BANK, GOODS
from tests.audit.fund_model import FUNDS, OTHER, Model
from tests.support.examples import count_examples

IDS = ("x", "y", "x#2", "y#2")
MATCHES = ("M-1", "M-2", "M-3")
MONTH = timedelta(days=31)


@dataclass(frozen=True)
class Step:
    """named: a bank's id, a match, or an entry of the log, by number."""

    kind: str
    fund: str
    amount: int
    named: int
    times: int = 1


SETTLED_BY = {"confirm": "confirmed", "release": "released"}
"""How `deciding` names the event of a step."""


@dataclass
class Story:
    """An audit and its model, event the same."""

    audit: MemoryAudit = field(default_factory=lambda: open_audit(*FUNDS))
    model: Model = field(default_factory=Model)
    now: datetime = datetime(2026, 1, 15, 8, tzinfo=UTC)
    log: str = ORIGIN
    """Where the model's year is entered."""
    proposed: int = 0
    undone: set[str] = field(default_factory=set)
    """Events whose entries were reversed. No event of our own is heard again once it is settled:
    the processor knows their numbers. So what was reversed is not done again by the same event."""

    def receive(self, fact: Any, times: int) -> None:
        """Once decided in vain: the process died before it was durable."""
        lost = self.audit.copy().receive(fact, self.now)
        assert self.audit.receive(fact, self.now) == lost
        for _ in range(times - 1):
            assert self.audit.receive(fact, self.now) == NOTHING

    def do(self, command: Any, principal: str = "ann") -> Any:
        self.proposed += 1
        return self.audit.execute(
            command, principal, self.now, key=f"{principal}|{self.proposed}"
        ).answer

    def tell(self, step: Step) -> None:
        self.follow_year()
        match, of = MATCHES[step.named % len(MATCHES)], IDS[step.named % len(IDS)]
        id_ = of if step.kind == "gift" or step.amount == 5 else f"{step.kind} {step.named}"
        fund, amount, model = step.fund, step.amount, self.model
        if f"{match}:{SETTLED_BY.get(step.kind)}" in self.undone:
            return
        match step.kind:
            case "gift":
                self.receive(facts.gift(amount, id_, fund=fund), step.times)
                model.gift(id_, fund, amount)
            case "refund":
                given_id = derive_donation_id(BANK, of)
                self.receive(facts.refund(given_id, amount, id_), step.times)
                model.refund(id_, of, amount)
            case "fee":
                self.receive(facts.fee(amount, id_, fund=fund), step.times)
                model.fee(id_, fund, amount)
            case "accept":
                self.receive(facts.acceptance(match, amount, fund=fund), step.times)
                model.accept(match, fund, amount)
            case "pay":
                self.receive(facts.payment(match, amount, id_), step.times)
                model.pay(id_, match, amount)
            case "confirm":
                self.receive(facts.confirmation(match, amount, fund=fund), step.times)
                model.confirm(match, fund)
            case "release":
                self.receive(facts.release(match, amount, fund=fund), step.times)
                model.release(match)
            case "goods":
                self.receive(facts.goods(amount, id_, fund=fund), step.times)
                model.goods(id_, fund, amount)
            case "hand over":
                fact = facts.confirmation(f"G-{match}", amount, fund=fund, **GOODS)
                self.receive(fact, step.times)
                model.hand_over(match, fund, amount)
            case "transfer":
                self.transfer(fund, amount)
            case "reverse":
                self.reverse(step.named)
            case "month":
                self.now += MONTH * step.named
            case "carry one":
                self.do(BringFundForward(fund_id=fund))
            case _:
                self.turn()

    def follow_year(self) -> None:
        """A year begins with a step, or began when the step before finished bringing forward."""
        log = self.audit.head.begin_year(self.now).origin
        if log != self.log:
            self.log = log
            self.model.new_year()

    def transfer(self, fund: str, amount: int) -> None:
        sides = {"from_fund_id": fund, "to_fund_id": OTHER[fund]}
        answer = self.do(ProposeTransfer(**sides, amount_fen=amount, reference="minute 7"))
        if answer.status == 202:
            done = self.do(ApproveTransfer(transfer_id=answer.body["id"]), "bob")
            assert done.status == 200
        self.model.transfer(fund, amount)

    def reverse(self, named: int) -> None:
        """Of what may be undone the model is event what was, and that it was."""
        log = self.audit.head.origin
        entries = self.audit.entries(log)
        if not entries:
            return
        at = named % len(entries)
        leaf = [raw for raw in self.audit.leaves if f'"log":"{log}"'.encode() in raw][at].decode()
        if entries[at]["kind"] in ("fund_opened", "refusal", "reversal") or "carried" in leaf:
            return
        proposed = self.do(ProposeReversal(log=log, index=at, leaf=leaf, reference="minute 8"))
        if proposed.status == 202:
            answer = self.do(ApproveReversal(reversal_id=proposed.body["id"]), "bob")
            if answer.status == 200:
                self.undo(entries[at])

    def undo(self, entry: Any) -> None:
        model, leg = self.model, entry["legs"][0]
        fund, amount = leg["fund"], leg.get("amount_fen", leg.get("quantity"))
        given = {derive_donation_id(BANK, id_): id_ for id_ in IDS}
        self.undone.add(entry["event"]["id"])
        match entry["kind"]:
            case "donation_received":
                model.free[fund] -= amount
                model.year[fund] -= amount
                model.given.pop(given[entry["subject"]])
            case "refund":
                model.free[fund] += amount
                model.year[fund] += amount
                model.given[given[entry["subject"]]][2] += amount
            case "management_fee":
                model.free[fund] += amount
                model.fees[fund] -= amount
            case "transfer":
                model.free[fund] += amount
                model.free[OTHER[fund]] -= amount
            case "commitment":
                model.free[fund] += amount
                model.owed[entry["subject"]] = (fund, 0)
            case "disbursement" | "obligation":
                model.unpay(entry["subject"], amount)
            case "release":
                model.free[fund] -= amount
                model.owed[entry["subject"]] = (fund, model.owed[entry["subject"]][1] + amount)
            case "goods_received":
                model.stock[fund] -= amount
            case _:
                model.stock[fund] += amount

    def turn(self) -> None:
        """What the year's job does, twice: it finds what an earlier turn left, then closes."""
        for _ in range(2):
            origin = self.audit.head.origin
            if self.audit.head.carrying:
                for fund in FUNDS:
                    self.do(BringFundForward(fund_id=fund))
                for match in self.audit.all(Commitment):
                    self.do(BringCommitmentForward(match_id=match))
                for stock in self.audit.all(Stock):
                    self.do(BringStockForward(stock_id=stock))
                self.do(FinishBringingForward(foundation=FOUNDATION, log=origin))
            self.do(CloseYear(foundation=FOUNDATION))

    def agrees(self) -> None:
        audit, model = self.audit, self.model
        for id_ in FUNDS:
            fund = audit.fund(id_)
            owed = sum(remaining for at, remaining in model.owed.values() if at == id_)
            assert (fund.remaining_fen, fund.outstanding_fen) == (model.free[id_], owed)
            assert min(model.free[id_] + fund.overdrawn_fen, owed) >= 0
        assert sum(each.in_stock for each in audit.all(Stock).values()) == sum(model.stock.values())

    def follows_from_the_logs(self) -> None:
        """The states are the books of the logs they are in; every log carries on the one before."""
        audit, before = self.audit, None
        logs = [*(each.origin for each in audit.head.closed), audit.head.origin]
        books_by_log: dict[str, Books] = {}
        for log in logs:
            books = books_by_log[log] = audit.books(log)
            register = EventRegister()
            for entry in audit.entries(log):
                register.record(entry["event"], entry["index"])
            if before is not None:
                size, root = len(audit.entries(before)), audit.root(before)
                frozen = Checkpoint(before, size, root, frozen=True)
                remaining = check_brought_forward(books, books_by_log[before], frozen)
                assert not remaining or (log == logs[-1] and audit.head.carrying)
            before = log
        for fund in audit.all(Fund).values():
            book = books_by_log[fund.log].funds[fund.id]
            assert list_totals(book) == {name: getattr(fund, name) for name in list_totals(book)}
            assert book.overdrawn_fen == fund.overdrawn_fen
        for commitment in audit.all(Commitment).values():
            if commitment.entry is not None:
                owed = books_by_log[commitment.log].commitments[commitment.entry]
                assert (owed.subject, owed.outstanding_fen) == (
                    commitment.id,
                    commitment.outstanding_fen,
                )
        for gift in audit.all(Donation).values():
            assert 0 <= gift.refunded_fen <= gift.amount_fen


KINDS = ["gift", "gift", "accept", "accept", "pay", "confirm", "release", "refund", "fee"]
REST = ["transfer", "goods", "hand over", "reverse", "reverse", "month", "carry one", "turn"]
STEPS = st.builds(
    Step,
    st.sampled_from([*KINDS, *REST]),
    st.sampled_from(FUNDS),
    st.sampled_from([1, 2, 5, 10, 50, 100]),
    st.integers(0, 14),
    st.sampled_from([1, 1, 2]),
)


YEAR_ENDS_WHILE_CARRYING = [
    Step("gift", "RICE", 1, 0),
    Step("month", "RICE", 1, 14),
    Step("gift", "RICE", 10, 1),
    Step("month", "RICE", 1, 10),
    Step("turn", "RICE", 1, 0),
    Step("fee", "RICE", 1, 0),
]


PAID_THEN_FALLEN = [
    Step("gift", "RICE", 2, 0),
    Step("accept", "RICE", 1, 1),
    Step("pay", "RICE", 1, 1),
    Step("release", "RICE", 1, 1),
    Step("reverse", "RICE", 1, 3),
]


DUE_THEN_REVERSED = [
    Step("gift", "WARM", 1, 0),
    Step("accept", "WARM", 1, 2),
    Step("confirm", "WARM", 1, 2),
    Step("reverse", "WARM", 1, 4),
]


@given(st.lists(STEPS, min_size=20, max_size=50))
@example(DUE_THEN_REVERSED)
@example(PAID_THEN_FALLEN)
@example(YEAR_ENDS_WHILE_CARRYING)
@settings(max_examples=count_examples(60, 500), deadline=None)
def test_no_sequence_of_facts_commands_and_crashes_makes_states_model_and_logs_differ(
    steps: list[Step],
) -> None:
    story = Story()
    for step in steps:
        story.tell(step)
        story.agrees()
    story.follows_from_the_logs()
    assert story.audit.entries()[0]["log"] == ORIGIN
