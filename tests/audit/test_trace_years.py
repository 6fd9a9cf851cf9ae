"""Gifts followed from year to year, logs that cannot be followed, and the command."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.audit.cli import app
from services.audit.ledger.published import open_log
from services.audit.reports.flow.gifts import TraceError
from services.audit.reports.trace import trace, trace_in
from shared.contracts.ledger_fields import Purpose
from tests.audit.following import at, followed, traced, two_funds, uses
from tests.audit.log_builder import FUND, LogBuilder


@pytest.fixture
def log() -> LogBuilder:
    return two_funds()


def test_gift_of_last_year_is_followed_into_this_one(log: LogBuilder) -> None:
    log.give(100_00, donation="D-1")
    log.pay(at(log.promise("M-1", 60_00)), 20_00)
    later = log.next_year()
    carried = next(e["index"] for e in later.entries if e["kind"] == "commitment_carried")
    paid = at(later.pay(carried, 25_00))
    found = traced("D-1", log, later)
    assert uses(found) == {
        ("spent", "M-1"): 45_00,
        ("promised", "M-1"): 15_00,
        ("unspent", FUND): 40_00,
    }
    spent = next(part for part in found.parts if part.use == "spent")
    assert (later.origin, paid) in spent.entries


def test_without_the_year_before_its_money_is_brought_forward(log: LogBuilder) -> None:
    log.give(100_00)
    log.promise("M-1", 60_00)
    later = log.next_year()
    later.give(10_00, donation="D-9")
    gifts = followed(later)
    assert uses(trace_in(gifts, FUND, "brought_forward")) == {
        ("promised", "M-1"): 60_00,
        ("unspent", FUND): 40_00,
    }
    assert uses(trace_in(gifts, "D-9")) == {("unspent", FUND): 10_00}


@pytest.mark.parametrize("paid", [False, True])
def test_what_a_bank_took_back_is_covered_by_what_comes_in_the_next_year(
    log: LogBuilder, *, paid: bool
) -> None:
    """Whoever gives then has paid for what was promised on it."""
    gift = at(log.give(100_00, donation="D-1"))
    promised = at(log.promise("M-1", 100_00))
    if paid:
        log.pay(promised, 100_00)
    at(log.recall(gift, 100_00))
    later = log.next_year()
    later.give(130_00, donation="D-2")
    gifts = followed(log, later)
    use = "spent" if paid else "promised"
    assert uses(trace_in(gifts, "D-1")) == {("refunded", FUND): 100_00}
    assert uses(trace_in(gifts, "D-2")) == {(use, "M-1"): 100_00, ("unspent", FUND): 30_00}


def test_a_year_missing_between_is_said_so(log: LogBuilder) -> None:
    log.give(100_00)
    with pytest.raises(TraceError, match="2027 is missing"):
        followed(log, log.next_year().next_year())


def test_a_year_that_carries_something_else_is_said_so(log: LogBuilder) -> None:
    later = log.next_year()
    log.give(100_00)
    with pytest.raises(TraceError, match="does not carry"):
        followed(log, later)


def test_a_log_given_twice_is_said_so(log: LogBuilder) -> None:
    with pytest.raises(TraceError, match="twice"):
        followed(log, log)


def test_a_donation_that_is_not_there_is_said_so(log: LogBuilder, tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="D-404"):
        trace("D-404", [open_log(log.publish(tmp_path))])


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["trace", *arguments], env={"COLUMNS": "200"})
    return result.exit_code, result.output


def test_trace_shows_what_a_gift_paid_for(log: LogBuilder, tmp_path: Path) -> None:
    log.give(100_00, donation="D-1")
    purpose = Purpose(category="meals", beneficiary_class="elderly_alone", town="441900104")
    log.pay(at(log.promise("M-1", 60_00, purpose=purpose)), 60_00)
    later = log.next_year()
    places = [str(each.publish(tmp_path / str(each.year))) for each in (log, later)]
    code, output = run("D-1", "--dir", places[0], "--dir", places[1])
    assert code == 0
    assert "60.00 元" in output
    assert "配餐 meals" in output
    code, output = run("D-1", "--dir", places[0], "--dir", places[1], "--json")
    said = json.loads(output)
    assert sum(part["amount_fen"] for part in said["parts"]) == said["gifts"][0]["amount_fen"]
    assert said["parts"][0]["match"] == "M-1"


def test_trace_of_an_unknown_gift_fails(log: LogBuilder, tmp_path: Path) -> None:
    code, output = run("D-404", "--dir", str(log.publish(tmp_path)))
    assert code == 1
    assert "D-404" in output
