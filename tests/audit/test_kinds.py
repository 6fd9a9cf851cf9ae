"""The table of kinds: complete, and enough. A kind that is only a row there works everywhere."""

from dataclasses import fields
from pathlib import Path
from typing import Literal, get_args

import pytest
from pydantic import with_config
from typing_extensions import get_type_hints

from services.audit.exports.journal import write_journal
from services.audit.ledger import canonical, entries
from services.audit.ledger.accounts import CLASSES, FundAccounts
from services.audit.ledger.balances import COUNTERS, CommitmentBook, GoodsBook
from services.audit.ledger.canonical import EntryDecoder
from services.audit.ledger.findings import INVARIANTS
from services.audit.ledger.kinds import KINDS, EntryKind, Pair, Part
from services.audit.ledger.published import open_log
from services.audit.ledger.verification import verify_log
from services.audit.reports.disclosure.counting import count_figures
from services.audit.reports.disclosure.figures import Figures, FundFigures, GoodsFigures, Period
from services.audit.reports.trace import trace
from shared.contracts.ledger import Kind, LedgerEntry
from shared.contracts.ledger_fields import Moving
from tests.audit.ledgers import FUND, Writer, fund_ref, log_key, publish_all

NAMES = {field.name for field in fields(FundAccounts)}


def test_every_kind_of_the_contract_has_a_row_and_no_other() -> None:
    assert tuple(KINDS) == get_args(Kind)
    assert set(KINDS) == {get_args(get_type_hints(e)["kind"])[0] for e in get_args(LedgerEntry)}


def test_every_role_is_an_account_of_a_fund() -> None:
    assert set(CLASSES) == NAMES


@pytest.mark.parametrize("name", KINDS)
def test_what_a_row_names_is_there(name: str) -> None:
    kind = KINDS[name]
    goods = kind.moves == "goods"
    totals = {field.name for field in fields(GoodsBook)} if goods else set(COUNTERS)
    assert not kind.total or kind.total in totals
    assert not kind.commitment or kind.commitment in {f.name for f in fields(CommitmentBook)}
    book = GoodsFigures if goods else FundFigures
    assert {figure for _, figure in kind.disclosed} <= {field.name for field in fields(book)}
    assert not kind.listed or kind.listed in {field.name for field in fields(Figures)}
    by_bank = {"payment", "payment_returned"}
    """What a bank did is undone by what it does."""
    assert kind.reversible == bool(kind.total and name not in by_bank), "what adds can be taken off"
    assert bool(kind.parts) == (kind.moves != "nothing")


@with_config({"extra": "forbid", "strict": True})
class AuditFee(Moving):
    """Made up: what an auditor takes for a report."""

    kind: Literal["audit_fee"]
    fund: str


@pytest.fixture
def audit_fee(monkeypatch: pytest.MonkeyPatch) -> None:
    """The contract and the row, and nothing else."""
    row = EntryKind(
        "audit_fee",
        "审计费",
        moves="money",
        parts=(Part((Pair("management", "bank"),)),),
        total="fees_fen",
        covered=True,
        reversible=True,
        disclosed=(("leaving", "fees"),),
        traced="fee",
    )
    monkeypatch.setitem(KINDS, row.name, row)
    contracts = (*get_args(LedgerEntry), AuditFee)
    monkeypatch.setattr(canonical, "ENTRIES", EntryDecoder(contracts))


@pytest.mark.usefixtures("audit_fee")
def test_a_made_up_kind_is_built_verified_counted_reversed_and_exported(tmp_path: Path) -> None:
    writer = Writer()
    writer.open()
    writer.donate(100_00)
    for amount in (3_00, 2_00):
        fact = writer.fact(f"charge-{amount}")
        charge = entries.draft_entry("audit_fee", fact, (fund_ref(FUND), amount), fund=FUND)
        index = writer.add(charge)
    writer.reverse(index)
    publish_all(writer, tmp_path / "log")

    report = verify_log(tmp_path / "log", str(log_key().vkey))
    assert report.ok, report.broken
    book = report.books.funds[FUND]
    assert (book.fees_fen, book.remaining_fen) == (3_00, 97_00)

    log = open_log(tmp_path / "log")
    told = count_figures([log], Period.parse("2026"), major_fen=100_000_00)
    assert (told.funds[FUND].fees, told.funds[FUND].closing) == (3_00, 97_00)
    assert [each.kind for each in told.corrections] == ["audit_fee"]
    assert {p.use: p.amount for p in trace("donation-1", [log]).parts} == {
        "fee": 3_00,
        "unspent": 97_00,
    }
    write_journal(tmp_path / "log", "hledger", tmp_path / "journal")
    assert (tmp_path / "journal").read_text().count("审计费 audit fee") == 2


@pytest.mark.usefixtures("audit_fee")
def test_a_made_up_kind_may_not_use_other_accounts_nor_more_than_there_is(tmp_path: Path) -> None:
    for name, amount, account in (("more", 101_00, ""), ("other", 1_00, "programme")):
        writer = Writer()
        writer.open()
        writer.donate(100_00)
        fact = writer.fact("charge")
        draft = entries.draft_entry("audit_fee", fact, (fund_ref(FUND), amount), fund=FUND)
        if account:
            draft["legs"][0]["account"] = fund_ref(FUND).accounts.donations
        writer.add(draft)
        publish_all(writer, tmp_path / name)
        report = verify_log(tmp_path / name, str(log_key().vkey))
        assert report.broken is not None
        assert report.broken.invariant == (7 if account else 8), report.broken


# --- docs/ledger.md says the same ---------------------------------------------------------------

DOCS = Path(__file__).parents[2] / "docs/ledger.md"


def row_of(kind: EntryKind) -> str:
    """A line of the table in docs/ledger.md."""
    parts = (", ".join(f"{p.debit} / {p.credit}" for p in part.pairs) for part in kind.parts)
    legs, total = "; ".join(parts) or "none", f"`{kind.total}`" if kind.total else "nothing"
    can = "yes" if kind.reversible else "no"
    return f"| `{kind.name}` | {kind.zh} | {legs} | {total} | {can} |"


def test_the_table_in_the_docs_is_this_one() -> None:
    table = [line for line in DOCS.read_text().splitlines() if line.startswith("| `")]
    expected = [row_of(kind) for kind in KINDS.values()]
    assert [line for line in table if line in expected] == expected, "write it as here"


def test_the_docs_name_all_ten_invariants() -> None:
    listed = [f"{each.number}. {each.zh} {each.en}" for each in INVARIANTS]
    assert [line for line in DOCS.read_text().splitlines() if line in listed] == listed
