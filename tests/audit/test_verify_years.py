"""A year's log against the frozen log of the year before."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.audit.cli import app
from services.audit.ledger import entries
from services.audit.ledger.verification import Report, verify_log
from services.audit.tlog.checkpoint import Checkpoint, format_root
from services.audit.tlog.merkle import TreeHead
from shared.contracts.ledger_fields import EntryRef, PreviousLog
from tests.audit.ledgers import (
    FUND,
    GENERAL,
    MEALS,
    ORIGIN,
    RICE,
    Writer,
    fund_ref,
    log_key,
    opening,
    publish_all,
    sign_checkpoint,
)

NEXT = "guanjia.test/ledger/2027"
LAST = "guanjia.test/ledger/2028"
PROMISE = 4
"""The entry in the old log whose money is outstanding at its end."""


@dataclass(frozen=True)
class Carried:
    """What the new log says it carried; the defaults are right."""

    balance_fen: int = 1_000 - 200
    promised_fen: int = 500 - 200
    promise_fen: int = 300
    named: int = PROMISE
    subject: str = "m"
    goods: entries.Goods = RICE
    size: int | None = None
    root: bytes | None = None
    general: bool = True
    fund: str = FUND


def old_year() -> Writer:
    writer = Writer()
    writer.open(FUND)
    writer.open(GENERAL)
    writer.donate(1_000)
    writer.receive()
    assert writer.commit("m", 500) == PROMISE
    writer.disburse("m", 200, PROMISE)
    return writer


def publish_frozen(writer: Writer, folder: Path, *, frozen: bool = True) -> Checkpoint:
    standing = publish_all(writer, folder)
    closed = Checkpoint(standing.origin, standing.size, standing.root, frozen)
    (folder / "checkpoint").write_bytes(sign_checkpoint(closed, log_key(standing.origin)))
    return closed


def new_year(before: Checkpoint, said: Carried) -> Writer:
    root = format_root(said.root or before.root)
    previous = PreviousLog(log=ORIGIN, size=said.size or before.size, root=root)
    writer = Writer(head=TreeHead(NEXT))
    balances = [(said.fund, said.balance_fen, said.promised_fen)]
    balances += [(GENERAL, 0, 0)] if said.general else []
    for fund, balance, promised in balances:
        fact = writer.fact(fund)
        writer.add(entries.draft_fund_carried(fact, opening(fund), previous, balance, promised))
    named = EntryRef(log=ORIGIN, index=said.named)
    fact, fund_of = writer.fact(said.subject), fund_ref(said.fund)
    writer.add(entries.draft_commitment_carried(fact, fund_of, said.promise_fen, MEALS, named))
    writer.add(entries.draft_goods_carried(writer.fact("s"), fund_of, said.goods, previous))
    return writer


def verified(tmp_path: Path, said: Carried, *, frozen: bool = True) -> Report:
    before = publish_frozen(old_year(), tmp_path / "2026", frozen=frozen)
    publish_all(new_year(before, said), tmp_path / "2027")
    previous = verify_log(tmp_path / "2026", str(log_key().vkey))
    assert previous.ok
    return verify_log(tmp_path / "2027", str(log_key(NEXT).vkey), previous=previous)


def test_what_was_carried_is_what_was_left(tmp_path: Path) -> None:
    report = verified(tmp_path, Carried())
    assert report.ok, report.broken
    assert report.not_carried == ()


def test_what_is_not_carried_yet_is_listed(tmp_path: Path) -> None:
    report = verified(tmp_path, Carried(general=False))
    assert report.ok
    assert report.not_carried == (GENERAL,)


@pytest.mark.parametrize(
    ("invariant", "said"),
    [
        (3, Carried(size=7)),
        (3, Carried(root=bytes(32))),
        (7, Carried(fund="FUND-NEW")),
        (7, Carried(goods=entries.Goods(RICE.item, RICE.unit, 51))),
        (7, Carried(goods=entries.Goods("flour", "kg", 1))),
        (8, Carried(balance_fen=801)),
        (8, Carried(promised_fen=301)),
        (9, Carried(promise_fen=299)),
        (9, Carried(named=3)),
        (9, Carried(subject="n")),
    ],
)
def test_what_was_carried_falsely_is_found(tmp_path: Path, invariant: int, said: Carried) -> None:
    report = verified(tmp_path, said)
    assert report.broken is not None
    assert report.broken.invariant == invariant, report.broken


GIFT = 2


def refunded(
    tmp_path: Path, *amounts: int, gift: int = GIFT, fund: str = FUND, undone: bool = False
) -> Report:
    """In 2027, of 1,000 fen given in 2026 of which 100 were given back then; 2028 is verified,
    which gives back the last of the amounts."""
    old = old_year()
    old.refund(100, GIFT)
    before = publish_frozen(old, tmp_path / "2026")
    writer = new_year(before, Carried(balance_fen=700))
    writer.donate(5_000)
    for amount in amounts[:-1]:
        writer.refund(amount, gift, fund, ORIGIN)
    if undone:
        writer.reverse(writer.head.size - 1)
    between = publish_frozen(writer, tmp_path / "2027")
    last = Writer(head=TreeHead(LAST))
    previous = PreviousLog(log=NEXT, size=between.size, root=format_root(between.root))
    left = 5_700 - (sum(amounts[:-1]) if not undone else 0)
    for id_, balance, promised in ((FUND, left, 300), (GENERAL, 0, 0)):
        fact = last.fact(id_)
        last.add(entries.draft_fund_carried(fact, opening(id_), previous, balance, promised))
    last.donate(5_000, fund)
    last.refund(amounts[-1], gift, fund, ORIGIN)
    publish_all(last, tmp_path / "2028")
    report: Report | None = None
    for year, origin in (("2026", ORIGIN), ("2027", NEXT), ("2028", LAST)):
        report = verify_log(tmp_path / year, str(log_key(origin).vkey), previous=report)
    assert report is not None
    return report


def test_a_gift_of_earlier_years_is_given_back_once(tmp_path: Path) -> None:
    report = refunded(tmp_path, 600, 300)
    assert report.ok, report.broken


def test_a_refund_that_was_undone_does_not_count(tmp_path: Path) -> None:
    report = refunded(tmp_path, 600, 900, undone=True)
    assert report.ok, report.broken


def test_no_more_is_given_back_over_the_years_than_was_given(tmp_path: Path) -> None:
    report = refunded(tmp_path, 600, 301)
    assert report.broken is not None
    assert report.broken.invariant == 8, report.broken
    assert "1001" in str(report.broken)


@pytest.mark.parametrize(("gift", "fund"), [(3, FUND), (99, FUND), (GIFT, GENERAL)])
def test_what_is_given_back_of_an_earlier_year_was_given_to_that_fund(
    tmp_path: Path, gift: int, fund: str
) -> None:
    report = refunded(tmp_path, 10, gift=gift, fund=fund)
    assert report.broken is not None
    assert report.broken.invariant == 8, report.broken


def test_nothing_is_carried_from_a_log_that_may_still_grow(tmp_path: Path) -> None:
    report = verified(tmp_path, Carried(), frozen=False)
    assert report.broken is not None
    assert report.broken.invariant == 3


def test_a_frozen_log_has_carried_everything(tmp_path: Path) -> None:
    before = publish_frozen(old_year(), tmp_path / "2026")
    publish_frozen(new_year(before, Carried(general=False)), tmp_path / "2027")
    previous = verify_log(tmp_path / "2026", str(log_key().vkey))
    report = verify_log(tmp_path / "2027", str(log_key(NEXT).vkey), previous=previous)
    assert report.broken is not None
    assert report.broken.invariant == 3


def test_a_log_before_that_is_broken_is_no_ground_to_stand_on(tmp_path: Path) -> None:
    before = publish_frozen(old_year(), tmp_path / "2026")
    publish_all(new_year(before, Carried()), tmp_path / "2027")
    previous = verify_log(tmp_path / "2026", str(log_key("another/2026").vkey))
    assert not previous.ok
    assert not verify_log(tmp_path / "2027", str(log_key(NEXT).vkey), previous=previous).ok


def test_the_command_verifies_the_chain_of_years(tmp_path: Path) -> None:
    assert verified(tmp_path, Carried()).ok
    years = ["--previous", str(tmp_path / "2026"), "--previous-vkey", str(log_key().vkey)]
    asked = ["verify", str(tmp_path / "2027"), "--vkey", str(log_key(NEXT).vkey), *years]
    assert CliRunner().invoke(app, asked).exit_code == 0
    (tmp_path / "2026/tile/entries/000.p/6").unlink()
    assert CliRunner().invoke(app, asked).exit_code == 1
    assert CliRunner().invoke(app, asked[:-2]).exit_code == 2
