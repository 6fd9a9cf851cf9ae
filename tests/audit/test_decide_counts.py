"""Goods are counted by two; what is missing is written off, and what is more came from somebody."""

from typing import Any, cast

import pytest

from services.audit.model.stock import ApproveStockCount, ProposeStockCount
from services.audit.reports.disclosure.figures import GoodsFigures
from tests.audit.decisions import MemoryAudit, open_audit
from tests.audit.facts import FUND, GOODS, NOW, confirmation, goods
from tests.support.answers import code


def start() -> MemoryAudit:
    audit = open_audit()
    audit.receive(goods(20))
    return audit


def make_count(counted: int, **more: Any) -> ProposeStockCount:
    fields: dict[str, Any] = {"fund_id": FUND, "at": NOW, "reference": "盘点表-1", **GOODS}
    return ProposeStockCount(counted=counted, **fields | more)


def propose(audit: MemoryAudit, counted: int, key: str = "count") -> ApproveStockCount:
    answer = audit.answer(make_count(counted), "maker", key=key)
    assert answer.status == 202, answer
    return ApproveStockCount(count_id=str(answer.body["id"]))


def test_what_a_count_does_not_find_is_written_off_by_two() -> None:
    audit = start()
    approval = propose(audit, 17)
    assert code(audit.answer(approval, "maker")) == "second_person_needed"
    assert audit.answer(approval, "checker").status == 200
    entry = cast(dict[str, Any], audit.entries()[-1])
    assert (entry["kind"], entry["legs"][0]["quantity"]) == ("goods_written_off", 3)
    assert entry["authorisation"]["reference"] == "盘点表-1"
    stock = audit.stock()
    assert (stock.in_stock, stock.written_off, stock.distributed) == (17, 3, 0)
    [book] = audit.books().goods.values()
    assert (book.in_stock, book.written_off) == (17, 3)


def test_goods_that_moved_since_are_no_part_of_what_is_missing() -> None:
    audit = start()
    approval = propose(audit, 17)
    audit.receive(goods(5, "goods-2"))
    assert audit.answer(approval, "checker").status == 200
    assert audit.stock().in_stock == 22


def test_a_count_that_agrees_is_approved_and_enters_nothing() -> None:
    audit = start()
    assert audit.answer(propose(audit, 20), "checker").status == 200
    assert audit.kinds() == ["fund_opened", "goods_received"]


@pytest.mark.parametrize(
    ("counted", "more", "refused"),
    [
        (21, {}, "count_exceeds"),
        (17, {"item": "别的"}, "stock_unknown"),
        (17, {"at": NOW.replace(year=2099)}, "moment_implausible"),
        (17, {"attachment": "0" * 64}, "attachment_unknown"),
    ],
)
def test_a_count_that_cannot_be_is_refused(
    counted: int, more: dict[str, Any], refused: str
) -> None:
    assert code(start().answer(make_count(counted, **more), "maker")) == refused


def test_what_was_given_out_since_cannot_be_missing_too() -> None:
    audit = start()
    approval = propose(audit, 5)
    audit.receive(confirmation("M-1", 16, fund=FUND, **GOODS))
    assert audit.stock().in_stock == 4
    assert code(audit.answer(approval, "checker")) == "count_exceeds"


@pytest.mark.parametrize("counted", [17, 16, 20])
def test_two_counts_of_the_same_goods_write_off_once(counted: int) -> None:
    """Whoever proposed before the first was approved had counted what it wrote off."""
    audit = start()
    first, second = propose(audit, 17), propose(audit, counted, "again")
    assert audit.answer(first, "checker").status == 200
    assert code(audit.answer(second, "checker")) == "count_outdated"
    assert audit.stock().in_stock == 17
    assert audit.answer(propose(audit, 16, "anew"), "checker").status == 200
    assert audit.stock().in_stock == 16


def test_what_is_written_off_is_neither_given_out_nor_there() -> None:
    figures = GoodsFigures(opening=10, received=5, distributed=4, written_off=3)
    assert figures.closing == 8
