"""Gifts followed to what they paid for: by examples worked out by hand, and by their sums."""

import json
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from services.audit.cli import app
from services.audit.report.flow import Gifts, TraceError
from services.audit.report.reading import open_log
from services.audit.report.trace import Trace, follow, trace, trace_in
from services.audit.report.units import MONEY
from shared.contracts.ledger import Purpose
from tests.audit.stories import FUND, GENERAL, Story, a_year


@pytest.fixture
def story() -> Story:
    told = Story()
    told.open()
    told.open(GENERAL, restricted=False)
    return told


def followed(*stories: Story) -> Gifts:
    with TemporaryDirectory() as folder:
        return follow(open_log(each.publish(Path(folder) / str(each.year))) for each in stories)


def traced(donation: str, *stories: Story) -> Trace:
    return trace_in(followed(*stories), donation)


def uses(found: Trace) -> Counter[tuple[str, str]]:
    """By use and match (or fund, where there is none)."""
    sums: Counter[tuple[str, str]] = Counter()
    for part in found.parts:
        sums[part.use, part.match or part.fund] += part.amount
    return sums


def at(index: int | None) -> int:
    assert index is not None
    return index


# --- examples ---------------------------------------------------------------------------------


def test_first_gift_pays_first(story: Story) -> None:
    story.give(100_00, donation="D-1")
    story.give(100_00, donation="D-2")
    story.pay(at(story.promise("M-1", 150_00, purpose=Purpose(category="meals"))), 120_00)
    assert uses(traced("D-1", story)) == {("spent", "M-1"): 100_00}
    second = traced("D-2", story)
    assert uses(second) == {
        ("spent", "M-1"): 20_00,
        ("promised", "M-1"): 30_00,
        ("unspent", FUND): 50_00,
    }
    assert {part.purpose for part in second.parts if part.match} == {(("category", "meals"),)}


def test_released_money_is_first_again(story: Story) -> None:
    story.give(100_00, donation="D-1")
    story.give(100_00, donation="D-2")
    promised = at(story.promise("M-1", 150_00))
    story.release(promised, 150_00)
    story.pay(at(story.promise("M-2", 60_00)), 60_00)
    assert uses(traced("D-1", story)) == {("spent", "M-2"): 60_00, ("unspent", FUND): 40_00}


def test_transferred_money_is_last_at_the_taker(story: Story) -> None:
    story.give(100_00, donation="D-1")
    story.give(50_00, GENERAL, donation="D-2")
    moved = at(story.transfer(30_00))
    story.pay(at(story.promise("M-1", 60_00, GENERAL)), 60_00)
    first = traced("D-1", story)
    assert uses(first) == {
        ("spent", "M-1"): 10_00,
        ("unspent", FUND): 70_00,
        ("unspent", GENERAL): 20_00,
    }
    spent = next(part for part in first.parts if part.use == "spent")
    assert spent.via == ((story.origin, moved),)
    assert first.references[spent.via[0]] == "捐赠人同意书 7; [号]"


def test_what_was_set_aside_last_is_released_first(story: Story) -> None:
    story.give(60_00, donation="D-1")
    story.give(60_00, donation="D-2")
    promised = at(story.promise("M-1", 100_00))
    story.release(promised, 40_00)
    assert uses(traced("D-1", story)) == {("promised", "M-1"): 60_00}
    assert uses(traced("D-2", story)) == {("unspent", FUND): 60_00}


def test_fee_takes_the_first_money(story: Story) -> None:
    story.give(100_00, donation="D-1")
    story.give(100_00, donation="D-2")
    story.fee(20_00)
    assert uses(traced("D-1", story)) == {("fee", FUND): 20_00, ("unspent", FUND): 80_00}
    assert uses(traced("D-2", story)) == {("unspent", FUND): 100_00}


def test_refund_gives_back_the_gift_itself(story: Story) -> None:
    story.give(100_00, donation="D-1")
    second = at(story.give(100_00, donation="D-2"))
    story.refund(second, 40_00)
    assert uses(traced("D-1", story)) == {("unspent", FUND): 100_00}
    assert uses(traced("D-2", story)) == {("refunded", FUND): 40_00, ("unspent", FUND): 60_00}


def test_another_gift_takes_over_what_a_refunded_gift_had_paid(story: Story) -> None:
    first = at(story.give(100_00, donation="D-1"))
    story.give(100_00, donation="D-2")
    story.pay(at(story.promise("M-1", 100_00)), 70_00)
    story.refund(first, 90_00)
    assert uses(traced("D-1", story)) == {("refunded", FUND): 90_00, ("spent", "M-1"): 10_00}
    assert uses(traced("D-2", story)) == {
        ("spent", "M-1"): 60_00,
        ("promised", "M-1"): 30_00,
        ("unspent", FUND): 10_00,
    }


def test_reversed_payment_is_promised_again(story: Story) -> None:
    story.give(100_00, donation="D-1")
    paid = at(story.pay(at(story.promise("M-1", 60_00)), 50_00))
    story.reverse(paid)
    assert uses(traced("D-1", story)) == {("promised", "M-1"): 60_00, ("unspent", FUND): 40_00}


def test_reversed_transfer_brings_the_same_money_back(story: Story) -> None:
    story.give(100_00, donation="D-1")
    story.give(50_00, GENERAL, donation="D-2")
    moved = at(story.transfer(30_00))
    story.pay(at(story.promise("M-1", 60_00, GENERAL)), 60_00)
    story.give(50_00, GENERAL, donation="D-3")
    story.reverse(moved)
    back = traced("D-1", story)
    assert uses(back) == {("unspent", FUND): 100_00}
    assert all(not part.via for part in back.parts)
    assert uses(traced("D-3", story)) == {("spent", "M-1"): 10_00, ("unspent", GENERAL): 40_00}


def test_money_that_came_back_is_as_old_as_before(story: Story) -> None:
    story.give(100_00, donation="D-1")
    story.give(100_00, donation="D-2")
    story.reverse(at(story.transfer(30_00)))
    story.promise("M-1", 100_00)
    assert uses(traced("D-1", story)) == {("promised", "M-1"): 100_00}


def test_a_release_that_is_reversed_is_promised_again(story: Story) -> None:
    story.give(30_00, donation="D-1")
    story.give(30_00, donation="D-2")
    promised = at(story.promise("M-1", 60_00))
    story.reverse(at(story.release(promised, 60_00)))
    for donation in ("D-1", "D-2"):
        assert uses(traced(donation, story)) == {("promised", "M-1"): 30_00}


def test_what_was_never_there_is_not_unspent_when_it_is_released(story: Story) -> None:
    first = at(story.give(50_00, GENERAL, donation="D-1"))
    promised = at(story.promise("M-1", 50_00, GENERAL))
    assert story.reverse(first) is not None
    story.release(promised, 50_00)
    story.give(20_00, GENERAL, donation="D-2")
    assert uses(traced("D-2", story)) == {("unspent", GENERAL): 20_00}


def test_money_that_an_unrestricted_fund_never_had_is_covered_by_what_comes_next(
    story: Story,
) -> None:
    first = at(story.give(50_00, GENERAL, donation="D-1"))
    story.pay(at(story.promise("M-1", 40_00, GENERAL)), 40_00)
    assert story.reverse(first) is not None
    assert uses(traced("D-1", story)) == {("reversed", GENERAL): 50_00}
    story.give(100_00, GENERAL, donation="D-2")
    assert uses(traced("D-2", story)) == {("spent", "M-1"): 40_00, ("unspent", GENERAL): 60_00}


def test_goods_are_followed_in_their_units(story: Story) -> None:
    story.store(10)
    story.store(10)
    story.hand_out("M-1", 12)
    first = traced("G-2026-2", story)
    assert uses(first) == {("spent", "M-1"): 10}
    assert first.parts[0].unit.item == "大米 5kg"
    assert uses(traced("G-2026-3", story)) == {("spent", "M-1"): 2, ("unspent", FUND): 8}


def test_gift_of_last_year_is_followed_into_this_one(story: Story) -> None:
    story.give(100_00, donation="D-1")
    story.pay(at(story.promise("M-1", 60_00)), 20_00)
    later = story.next_year()
    carried = next(e["index"] for e in later.entries if e["kind"] == "commitment_carried")
    paid = at(later.pay(carried, 25_00))
    found = traced("D-1", story, later)
    assert uses(found) == {
        ("spent", "M-1"): 45_00,
        ("promised", "M-1"): 15_00,
        ("unspent", FUND): 40_00,
    }
    spent = next(part for part in found.parts if part.use == "spent")
    assert (later.origin, paid) in spent.entries


def test_without_the_year_before_its_money_is_brought_forward(story: Story) -> None:
    story.give(100_00)
    story.promise("M-1", 60_00)
    later = story.next_year()
    later.give(10_00, donation="D-9")
    gifts = followed(later)
    assert uses(trace_in(gifts, FUND, "brought_forward")) == {
        ("promised", "M-1"): 60_00,
        ("unspent", FUND): 40_00,
    }
    assert uses(trace_in(gifts, "D-9")) == {("unspent", FUND): 10_00}


# --- logs that cannot be followed -------------------------------------------------------------


def test_a_year_missing_between_is_said_so(story: Story) -> None:
    story.give(100_00)
    with pytest.raises(TraceError, match="2027 is missing"):
        followed(story, story.next_year().next_year())


def test_a_year_that_carries_something_else_is_said_so(story: Story) -> None:
    later = story.next_year()
    story.give(100_00)
    with pytest.raises(TraceError, match="does not carry"):
        followed(story, later)


def test_a_log_given_twice_is_said_so(story: Story) -> None:
    with pytest.raises(TraceError, match="twice"):
        followed(story, story)


def test_a_donation_that_is_not_there_is_said_so(story: Story, tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="D-404"):
        trace("D-404", [open_log(story.publish(tmp_path))])


# --- every fen exactly once -------------------------------------------------------------------

STEPS = {
    "give": (),
    "store": (),
    "promise": (),
    "hand_out": (),
    "transfer": (),
    "fee": (),
    "pay": ("commitment", "commitment_carried"),
    "release": ("commitment", "commitment_carried"),
    "refund": ("donation_received",),
    "reverse": (
        *("donation_received", "goods_received", "commitment", "disbursement", "release"),
        *("transfer", "management_fee", "refund", "goods_distributed"),
    ),
}
"""What may happen, and the kinds of entries it may happen to."""
Step = tuple[str, int, int, bool]
steps = st.lists(
    st.tuples(
        st.sampled_from((*STEPS, "give", "reverse")),
        st.integers(1, 100),
        st.integers(0, 12),
        st.booleans(),
    ),
    min_size=8,
    max_size=60,
)


def play(story: Story, told: list[Step]) -> None:
    """Whatever of the steps the ledger allows; `back` entries back from the last that fits."""
    for number, (step, amount, back, first) in enumerate(told):
        fund, other = (FUND, GENERAL) if first else (GENERAL, FUND)
        fitting = [each["index"] for each in story.entries if each["kind"] in STEPS[step]]
        match step:
            case "give" | "store":
                getattr(story, step)(amount, fund)
            case "promise" | "hand_out":
                getattr(story, step)(f"M-{number}", amount, fund)
            case "transfer":
                story.transfer(amount, fund, other)
            case "fee":
                story.fee(amount // 10 + 1, fund)
            case "reverse" if fitting:
                story.reverse(fitting[-1 - back % len(fitting)])
            case "pay" | "release" | "refund" if fitting:
                getattr(story, step)(fitting[-1 - back % len(fitting)], amount)


def played(*years: list[Step]) -> list[Story]:
    story = Story()
    story.open()
    story.open(GENERAL, restricted=False)
    stories = [story]
    for number, told in enumerate(years):
        if number:
            stories.append(stories[-1].next_year())
        play(stories[-1], told)
    return stories


@settings(max_examples=100, deadline=None)
@given(steps, steps)
def test_every_fen_and_thing_is_in_exactly_one_place(first: list[Step], second: list[Step]) -> None:
    stories = played(first, second)
    gifts = followed(*stories)
    held: Counter[Any] = Counter()
    for number, gift in enumerate(gifts.gifts):
        pieces = list(gifts.places.of_gift(number))
        if gift.origin == "gift":
            assert sum(piece.amount for _, piece in pieces) == gift.amount
        assert all(piece.amount > 0 for _, piece in pieces)
        for place, piece in pieces:
            held[place.use, place.fund, place.unit] += piece.amount
            held["entry", place.entry, place.use] += piece.amount
        if gift.origin == "uncovered":
            held["unspent", gift.fund, gift.unit] -= sum(piece.amount for _, piece in pieces)
    for fund, book in stories[-1].books.funds.items():
        spent = sum(each.books.funds[fund].disbursed_fen for each in stories)
        fees = sum(each.books.funds[fund].fees_fen for each in stories)
        refunded = sum(each.books.funds[fund].refunded_fen for each in stories)
        assert held["spent", fund, MONEY] == spent
        assert held["fee", fund, MONEY] == fees
        assert held["refunded", fund, MONEY] == refunded
        assert held["promised", fund, MONEY] == book.outstanding_fen
        assert held["unspent", fund, MONEY] == book.remaining_fen
    for each in stories:
        undone = each.books.reversed_entries
        for entry in each.entries:
            if entry["kind"] == "disbursement":
                paid = sum(
                    leg["amount_fen"]
                    for leg in entry["legs"]
                    if leg["account"].startswith("Expenses")
                )
                key = (each.origin, entry["index"])
                assert held["entry", key, "spent"] == (0 if entry["index"] in undone else paid)


def test_a_year_of_every_kind_adds_up() -> None:
    first = a_year(150)
    second = a_year(60, first.next_year())
    gifts = followed(first, second)
    for gift in gifts.gifts:
        found = trace_in(gifts, gift.subject)
        assert sum(found.totals().values()) == sum(each.amount for each in found.gifts)


# --- the command ------------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["trace", *arguments], env={"COLUMNS": "200"})
    return result.exit_code, result.output


def test_trace_shows_what_a_gift_paid_for(story: Story, tmp_path: Path) -> None:
    story.give(100_00, donation="D-1")
    purpose = Purpose(category="meals", beneficiary_class="elderly_alone", town="441900104")
    story.pay(at(story.promise("M-1", 60_00, purpose=purpose)), 60_00)
    later = story.next_year()
    places = [str(each.publish(tmp_path / str(each.year))) for each in (story, later)]
    code, output = run("D-1", "--dir", places[0], "--dir", places[1])
    assert code == 0
    assert "60.00 元" in output
    assert "配餐 meals" in output
    code, output = run("D-1", "--dir", places[0], "--dir", places[1], "--json")
    said = json.loads(output)
    assert sum(part["amount_fen"] for part in said["parts"]) == said["gifts"][0]["amount_fen"]
    assert said["parts"][0]["match"] == "M-1"


def test_trace_of_an_unknown_gift_fails(story: Story, tmp_path: Path) -> None:
    code, output = run("D-404", "--dir", str(story.publish(tmp_path)))
    assert code == 1
    assert "D-404" in output
