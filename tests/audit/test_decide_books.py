"""No sequence of facts makes balances, commitments and log disagree with a dozen plain lines."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.audit.deciding import accepted, confirmed, gift, open_audit, released

FUNDS = ("ONE", "TWO", "NOT-OPEN")
ids = st.integers(0, 6).map("M-{}".format)
gift_ids = st.integers(0, 6).map("gift-{}".format)
amounts = st.integers(1, 50)
funds = st.sampled_from(FUNDS)


@dataclass
class Model:
    """free: by fund; matches: what each was promised, and how it ended."""

    free: dict[str, int] = field(default_factory=lambda: {"ONE": 0, "TWO": 0})
    gifts: set[str] = field(default_factory=set)
    matches: dict[str, tuple[str, int, str]] = field(default_factory=dict)

    def give(self, id_: str, fund: str, amount: int) -> None:
        if id_ not in self.gifts and fund in self.free:
            self.free[fund] += amount
        self.gifts.add(id_)

    def accept(self, id_: str, fund: str, amount: int) -> None:
        if id_ not in self.matches:
            enough = self.free.get(fund, 0) >= amount
            self.matches[id_] = (fund, amount, "reserved" if enough else "refused")
            if enough:
                self.free[fund] -= amount

    def confirm(self, id_: str) -> None:
        fund, amount, state = self.matches.setdefault(id_, ("", 0, "refused"))
        if state == "reserved":
            self.matches[id_] = (fund, amount, "paid")

    def release(self, id_: str) -> None:
        fund, amount, state = self.matches.get(id_, ("", 0, ""))
        if state == "reserved":
            self.matches[id_] = (fund, amount, "released")
            self.free[fund] += amount

    def sum(self, fund: str, *states: str) -> int:
        return sum(a for f, a, s in self.matches.values() if f == fund and s in states)


class BooksMachine(RuleBasedStateMachine):
    """Ids repeat, so repetitions, reused ids and facts in any order all happen."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.audit = open_audit("ONE", "TWO")

    @rule(id_=gift_ids, fund=funds, amount=amounts)
    def a_gift_arrives(self, id_: str, fund: str, amount: int) -> None:
        self.model.give(id_, fund, amount)
        self.audit.hear(gift(amount, id_, fund=fund))

    @rule(id_=ids, fund=funds, amount=amounts)
    def a_match_is_accepted(self, id_: str, fund: str, amount: int) -> None:
        self.model.accept(id_, fund, amount)
        self.audit.hear(accepted(id_, amount, fund=fund))

    @rule(id_=ids, fund=funds, amount=amounts)
    def a_match_is_confirmed(self, id_: str, fund: str, amount: int) -> None:
        self.model.confirm(id_)
        self.audit.hear(confirmed(id_, amount, fund=fund))

    @rule(id_=ids, fund=funds, amount=amounts)
    def a_match_is_released(self, id_: str, fund: str, amount: int) -> None:
        self.model.release(id_)
        self.audit.hear(released(id_, amount, fund=fund))

    @invariant()
    def the_funds_are_those_of_the_model(self) -> None:
        for id_, free in self.model.free.items():
            fund = self.audit.fund(id_)
            assert fund.remaining_fen == free >= 0
            assert fund.outstanding_fen == self.model.sum(id_, "reserved")
            assert fund.disbursed_fen == self.model.sum(id_, "paid")
            assert fund.released_fen == self.model.sum(id_, "released")

    @invariant()
    def reserved_is_disbursed_released_or_outstanding(self) -> None:
        for id_, kept in self.audit.commitments().items():
            _, amount, state = self.model.matches[id_]
            assert kept.reserved_fen == (0 if state == "refused" else amount)
            assert kept.disbursed_fen == (amount if state == "paid" else 0)
            assert kept.released_fen == (amount if state == "released" else 0)
            assert kept.outstanding_fen == (amount if state == "reserved" else 0)

    @invariant()
    def the_log_alone_gives_the_same_balances(self) -> None:
        books = self.audit.books()
        for id_, book in books.funds.items():
            fund = self.audit.fund(id_)
            for name in ("received_fen", "committed_fen", "disbursed_fen", "released_fen"):
                assert getattr(book, name) == getattr(fund, name)
        outstanding = {b.subject: b.outstanding_fen for b in books.commitments.values()}
        kept = self.audit.commitments().values()
        assert outstanding == {c.id: c.outstanding_fen for c in kept if c.entry is not None}

    @invariant()
    def every_entry_has_its_place_and_an_event_of_its_own(self) -> None:
        entries = self.audit.entries()
        assert [entry["index"] for entry in entries] == list(range(len(entries)))
        events = [(entry["event"]["source"], entry["event"]["id"]) for entry in entries]
        assert len(set(events)) == len(events)
        assert self.audit.head.tree.root() == self.audit.root()
        assert self.audit.head.size == len(entries)


BooksMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestBooks = BooksMachine.TestCase
