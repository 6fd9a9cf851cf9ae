"""The books against a model that keeps none: it sums up what was not reversed, every time anew."""

from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.ledger import entries
from services.audit.ledger.books import Books
from services.audit.ledger.corrections import find_named
from services.audit.tlog.findings import BrokenError
from tests.audit.ledgers import FUND, GENERAL, OLD, TERMS, Writer
from tests.support.examples import count_examples

FUNDS = (FUND, GENERAL, OLD)
BALANCE, PROMISED = 90, 40
SPENDING = ("commit", "fee", "refund", "transfer")
OTHER = {FUND: GENERAL, GENERAL: FUND, OLD: GENERAL}
"""Where a transfer from each fund goes."""


@dataclass(frozen=True)
class Step:
    """named: which earlier entry, where the kind names one."""

    kind: str
    fund: str
    amount: int
    named: int = 0


Past = dict[int, Step]
"""By entry: what happened and was not undone."""


def of_kind(past: Past, *kinds: str) -> Iterator[Step]:
    return (step for step in past.values() if step.kind in kinds)


def total(past: Past, fund: str, *kinds: str) -> int:
    return sum(step.amount for step in of_kind(past, *kinds) if step.fund == fund)


def remaining(past: Past, fund: str) -> int:
    brought = BALANCE - PROMISED if fund == OLD else 0
    taken = sum(step.amount for step in of_kind(past, "transfer") if OTHER[step.fund] == fund)
    return brought + taken + total(past, fund, "donate", "release") - total(past, fund, *SPENDING)


def follows(past: Past, of: tuple[str, ...], kinds: tuple[str, ...]) -> bool:
    """Each of `kinds` names one of `of` in its fund, and all together are within its amount."""
    used: dict[int, int] = {}
    for step in of_kind(past, *kinds):
        named = past.get(step.named)
        if named is None or named.kind not in of or named.fund != step.fund:
            return False
        used[step.named] = used.get(step.named, 0) + step.amount
    return all(amount <= past[at].amount for at, amount in used.items())


def right(past: Past, step: Step, undone: Step | None) -> bool:
    """Whether there may be a past that ends with `step`."""
    moved = undone or step
    touched = {moved.fund, OTHER[moved.fund]} if moved.kind == "transfer" else {moved.fund}
    may_lack = {GENERAL} if undone or step.kind not in SPENDING else set()
    received = total(past, step.fund, "donate") - total(past, step.fund, "refund")
    fees = total(past, step.fund, "fee") if step.kind == "fee" else 0
    return (
        follows(past, ("commit", "carry"), ("disburse", "release"))
        and follows(past, ("donate",), ("refund",))
        and total(past, OLD, "carry") <= PROMISED
        and all(total(past, f, "receive") >= total(past, f, "give") for f in FUNDS)
        and all(remaining(past, f) >= 0 for f in touched - may_lack)
        and fees * 1000 <= TERMS["fee_permille_max"] * received
    )


def after(past: Past, at: int, step: Step) -> Past | None:
    """The past with one step more, or None where the rules refuse it."""
    if step.kind != "reverse":
        grown = {**past, at: step}
        return grown if right(grown, step, None) else None
    undone = past.get(step.named)
    if undone is None or undone.kind == "carry":
        return None
    rest = {index: each for index, each in past.items() if index != step.named}
    return rest if right(rest, step, undone) else None


def write(writer: Writer, step: Step) -> int:
    goods = entries.Goods("rice", "kg", step.amount)
    subject, settled = f"m-{writer.head.size}", f"m-{step.named}"
    match step.kind:
        case "donate":
            return writer.donate(step.amount, step.fund)
        case "commit":
            return writer.commit(subject, step.amount, step.fund)
        case "carry":
            return writer.carry_commitment(subject, step.amount, writer.head.size)
        case "disburse":
            return writer.disburse(settled, step.amount, step.named, step.fund)
        case "release":
            return writer.release(settled, step.amount, step.named, step.fund)
        case "fee":
            return writer.fee(step.amount, step.fund)
        case "refund":
            return writer.refund(step.amount, step.named, step.fund)
        case "transfer":
            return writer.transfer(step.amount, step.fund, OTHER[step.fund])
        case "receive":
            return writer.receive(goods, step.fund)
        case "give":
            return writer.distribute(subject, goods, step.fund)
        case _:
            return writer.reverse(min(step.named, writer.head.size - 1))


def agree(books: Books, past: Past) -> None:
    for fund in FUNDS:
        book, stock = books.funds[fund], books.goods.get((fund, "rice", "kg"))
        assert book.remaining_fen == remaining(past, fund)
        promised = total(past, fund, "commit") + (PROMISED if fund == OLD else 0)
        assert book.outstanding_fen == promised - total(past, fund, "disburse", "release")
        in_stock = total(past, fund, "receive") - total(past, fund, "give")
        assert (stock.in_stock if stock else 0) == in_stock
        bank = books.accounts.get((fund, "Assets:Bank"))
        at_bank = bank.debit - bank.credit if bank else 0
        assert at_bank == book.remaining_fen + book.outstanding_fen


KINDS = ["donate", "donate", "commit", "commit", "disburse", "release", "refund", "fee", "transfer"]
STEPS = st.builds(
    Step,
    st.sampled_from([*KINDS, "reverse", "reverse", "receive", "give", "carry"]),
    st.sampled_from(FUNDS),
    st.sampled_from([1, 2, 5, 10, 30, 50, 90, 100]),
    st.integers(0, 20),
)


@given(st.lists(STEPS, max_size=60))
@settings(max_examples=count_examples(150, 1000), deadline=None)
def test_no_sequence_of_facts_and_refusals_makes_the_books_differ_from_the_model(
    steps: list[Step],
) -> None:
    """What the model refuses, the verifier finds; as in the service, it is then not recorded."""
    writer, past = Writer(), Past()
    writer.open(FUND)
    writer.open(GENERAL)
    writer.carry(BALANCE, PROMISED)
    for step in steps:
        if step.kind == "carry":
            step = Step("carry", OLD, step.amount)
        if step.kind == "reverse":
            step = Step("reverse", FUND, 0, min(step.named, writer.head.size - 1))
        head, count = writer.head, len(writer.sealed)
        at = write(writer, step)
        following = after(past, at, step)
        books = folded(writer)
        assert (books is not None) == (following is not None), step
        if books is None or following is None:
            writer.head = head
            del writer.sealed[count:]
        else:
            past = following
            agree(books, past)


def folded(writer: Writer) -> Books | None:
    """The books of the whole log, or None where an entry may not be."""
    books = Books()
    for each in writer.sealed:
        named = find_named(each.entry)
        found = None if named is None or named >= each.index else writer.sealed[named].entry
        try:
            books.apply(each.entry, found)
        except BrokenError:
            return None
    return books
