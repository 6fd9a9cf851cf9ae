"""A decision declares what it reads by reading it: it is given that, and is carried out once."""

from collections.abc import Callable
from datetime import datetime

import pytest

from shared.contracts.values import Value
from shared.messaging.changes import Loaded, Snapshot
from shared.messaging.deciding import UnreadState
from shared.messaging.decision import (
    Answer,
    AnyRef,
    Command,
    Decision,
    Handler,
    Ref,
    State,
    StateMissing,
    States,
)
from shared.messaging.fold import LOOKS_AHEAD_MAX, READ_ROUNDS_MAX, Fold
from shared.messaging.inbox import Incoming, Item
from tests.shared.test_fold import NOW
from tests.support.deciding import run_decision


class Account(State):
    COLLECTION = "accounts"
    pays_from: str = ""
    amount: int = 0


class Bank(State):
    COLLECTION = "banks"


class Pay(Value):
    account: str
    amount: int = 1


Decide = Callable[[States, Command[Pay], datetime], Decision]


class Store:
    """The database, and how often it was asked for what."""

    def __init__(self, *states: State) -> None:
        self.states: dict[AnyRef, State] = {Ref(type(s), s.id): s for s in states}
        self.loads: list[set[str]] = []

    def fold(self, items: list[Item], parked: dict[str, dict[int, Item]] | None = None) -> Fold:
        fold = Fold("/audit", Snapshot({}, {}, {}, {}, parked or {}), NOW)
        while refs := fold.run(items):
            self.loads.append({ref.id for ref in refs})
            fold.add({ref: Loaded(self.states.get(ref), version=1) for ref in refs})
        return fold


def pay_item(decide: Decide, account: str, amount: int = 1) -> Item:
    command = Command(Pay(account=account, amount=amount))
    return Item(input=command, handler=Handler(decide=decide))


class Payments:
    """Pays from the account that the named one points to; counts its runs."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, states: States, command: Command[Pay], _now: datetime) -> Decision:
        self.runs += 1
        account = states.require(Account, command.data.account)
        if not account.pays_from:
            return self._pay(account, command)
        return self._pay(states.require(Account, account.pays_from), command)

    def _pay(self, account: Account, command: Command[Pay]) -> Decision:
        paid = account.model_copy(update={"amount": account.amount - command.data.amount})
        return Decision((paid,), answer=Answer(200, {"amount": paid.amount}))


def redirect(states: States, command: Command[Pay], now: datetime) -> Decision:
    account = states.require(Account, command.data.account)
    return Decision((account.model_copy(update={"pays_from": "elsewhere"}),))


def test_a_batch_is_loaded_in_as_many_rounds_as_its_deepest_decision_has() -> None:
    store = Store(
        Account(id="a", pays_from="c"), Account(id="b", pays_from="c"), Account(id="c", amount=9)
    )
    decide = Payments()
    fold = store.fold([pay_item(decide, name) for name in ("a", "b", "c")])
    assert store.loads == [{"a", "b", "c"}]
    assert [result.answer for result in fold.changes.results] == [
        Answer(200, {"amount": 8}),
        Answer(200, {"amount": 7}),
        Answer(200, {"amount": 6}),
    ]
    store.loads.clear()
    store.fold([pay_item(decide, "a"), pay_item(decide, "b")])
    assert store.loads == [{"a", "b"}, {"c"}]


def test_a_decision_made_while_others_were_loading_is_used_if_nothing_it_read_changed() -> None:
    accounts = [Account(id=f"{n}", pays_from=f"to-{n}") for n in range(50)]
    store = Store(*accounts, *(Account(id=f"to-{n}") for n in range(50)), Account(id="flat"))
    deep, flat = Payments(), Payments()
    items = [pay_item(deep, account.id) for account in accounts]
    fold = store.fold([*items, pay_item(flat, "flat"), pay_item(flat, "flat")])
    assert len(store.loads) == 2
    assert len(fold.changes.results) == 52
    # Each run but the last ends where it reads on; the first item meets the lack, then repeats it.
    assert deep.runs == 50 * 3 + 2
    # Both end at the read, both are decided early; the second reads what the first has changed.
    assert flat.runs == 2 + 2 + 1


def test_what_an_earlier_item_makes_a_later_one_read_is_loaded_in_between() -> None:
    store = Store(Account(id="a"), Account(id="elsewhere", amount=5))
    decide = Payments()
    items = [pay_item(decide, "a"), pay_item(redirect, "a"), pay_item(decide, "a")]
    fold = store.fold(items)
    assert store.loads == [{"a"}, {"elsewhere"}]
    assert [result.kind for result in fold.changes.results] == ["applied"] * 3
    assert fold.changes.states[Ref(Account, "elsewhere")] == Account(id="elsewhere", amount=4)
    assert fold.changes.read == {Ref(Account, "a"), Ref(Account, "elsewhere")}


def test_what_waits_behind_a_gap_is_loaded_with_what_closes_it() -> None:
    def item(sequence: int, account: str) -> Item:
        payment = pay_item(Payments(), account)
        incoming = Incoming("c", "guanjia.matches", 0, sequence, b"{}", None)
        return Item(incoming, payment.input, payment.handler, stream="s", sequence=sequence)

    store = Store(Account(id="a"), Account(id="b", pays_from="c"), Account(id="c"))
    fold = store.fold([item(1, "a")], parked={"s": {2: item(2, "b"), 3: item(3, "b")}})
    assert store.loads == [{"a", "b"}, {"c"}]
    assert fold.changes.sequences == {"s": 3}
    assert fold.changes.unparked == {("s", 2), ("s", 3)}
    assert fold.changes.states[Ref(Account, "c")] == Account(id="c", amount=-2)


def test_what_is_named_in_one_call_is_loaded_at_once() -> None:
    def decide(states: States, command: Command[Pay], now: datetime) -> Decision:
        account, bank = states.get_each((Account, "a"), (Bank, "b"))
        others = states.get_many(Account, ["c", "none"])
        assert account == Account(id="a")
        assert bank is None
        assert others == {"c": Account(id="c")}
        return Decision((account,))

    store = Store(Account(id="a"), Account(id="c"))
    fold = store.fold([pay_item(decide, "a")])
    assert store.loads == [{"a", "b"}, {"c", "none"}]
    assert fold.changes.results[0].kind == "applied"


def test_a_state_that_is_changed_must_have_been_read() -> None:
    def decide(states: States, command: Command[Pay], now: datetime) -> Decision:
        return Decision((Account(id="a"),))

    changes = Store(Account(id="a")).fold([pay_item(decide, "a")]).changes
    assert isinstance(changes.results[0].error, UnreadState)
    assert not changes.states
    with pytest.raises(UnreadState, match="Account a"):
        run_decision(Handler(decide=decide), {}, Command(Pay(account="a")), NOW)


def test_what_is_required_and_absent_is_a_bug() -> None:
    changes = Store().fold([pay_item(Payments(), "a")]).changes
    assert [result.kind for result in changes.results] == ["bug"]
    assert isinstance(changes.results[0].error, StateMissing)


def test_reading_one_after_another_without_end_is_a_bug_of_that_item_alone() -> None:
    def decide(states: States, command: Command[Pay], now: datetime) -> Decision:
        for number in range(READ_ROUNDS_MAX + 1):
            states.get(Account, f"{number}")
        return Decision()

    fold = Store(Account(id="a")).fold([pay_item(decide, "x"), pay_item(Payments(), "a")])
    assert [result.kind for result in fold.changes.results] == ["bug", "applied"]
    with pytest.raises(AssertionError, match="get_each"):
        run_decision(Handler(decide=decide), {}, Command(Pay(account="a")), NOW)


def test_the_decision_of_a_pure_test_reads_as_in_the_processor() -> None:
    accounts = (Account(id="a", pays_from="b"), Account(id="b", amount=3))
    stored: dict[AnyRef, State] = {Ref(Account, account.id): account for account in accounts}
    decision = run_decision(Handler(decide=Payments()), stored, Command(Pay(account="a")), NOW)
    assert decision.states == (Account(id="b", amount=2),)


def test_a_chain_through_one_aggregate_is_decided_a_few_times_an_item() -> None:
    """Each reads the account that the one before it named: nobody could look that far ahead."""
    runs = 0

    def decide(states: States, command: Command[Pay], now: datetime) -> Decision:
        nonlocal runs
        runs += 1
        chain = states.require(Account, "chain")
        paid = states.require(Account, f"to-{chain.amount}")
        return Decision((chain.model_copy(update={"amount": chain.amount + 1}), paid))

    count = 100
    store = Store(Account(id="chain"), *(Account(id=f"to-{n}") for n in range(count)))
    fold = store.fold([pay_item(decide, "chain") for _ in range(count)])
    assert [result.kind for result in fold.changes.results] == ["applied"] * count
    assert len(store.loads) == count + 1
    assert runs <= count * (LOOKS_AHEAD_MAX + 2)
