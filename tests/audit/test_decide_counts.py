"""Goods are counted by two; what is missing is written off, and what is more came from somebody."""

from datetime import timedelta
from typing import Any, cast

import pytest

from services.audit.model.stock import ApproveStockCount, ProposeStockCount, StockPlace
from services.audit.reports.disclosure.figures import GoodsFigures
from services.audit.reports.stores import SINCE_COUNT, list_by_station, sum_by_station
from services.audit.stocks import describe_stock
from shared.dates import name_day
from tests.audit.decisions import MemoryAudit, open_audit
from tests.audit.facts import FUND, GOODS, NOW, confirmation, goods
from tests.audit.test_months import AFTER, close
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
        (17, {"at": NOW - timedelta(days=3)}, "count_before_goods"),
        (17, {"attachment": "0" * 64}, "attachment_unknown"),
    ],
)
def test_a_count_that_cannot_be_is_refused(
    counted: int, more: dict[str, Any], refused: str
) -> None:
    assert code(start().answer(make_count(counted, **more), "maker")) == refused


def test_the_first_day_of_goods_is_named_as_people_write_it() -> None:
    answer = start().answer(make_count(17, at=NOW - timedelta(days=3)), "maker")
    (problem,) = answer.body["problems"]
    zh, en = name_day(NOW)
    assert f"这种物资{zh}才" in problem["zh"]
    assert f"came on {en}:" in problem["en"]


@pytest.mark.parametrize("counted", [17, 20])
def test_a_closed_month_takes_no_count_neither_proposed_nor_approved(counted: int) -> None:
    audit = start()
    before = propose(audit, counted)
    size = len(audit.leaves)
    close(audit)
    assert code(audit.answer(before, "checker", AFTER)) == "month_closed"
    assert code(audit.answer(make_count(counted), "maker", AFTER)) == "month_closed"
    assert len(audit.leaves) == size
    later = audit.answer(make_count(counted, at=AFTER), "maker", AFTER)
    assert later.status == 202


def test_a_stock_begins_with_the_earliest_goods_that_came() -> None:
    audit = start()
    early = NOW - timedelta(days=3)
    audit.receive(goods(5, "goods-early", received_at=early))
    assert audit.stock().began_at == early
    assert audit.answer(make_count(17, at=early), "maker").status == 202


PLACES = (StockPlace(station="茶山驿站", quantity=12), StockPlace(station="南城驿站", quantity=5))
VALUED: dict[str, Any] = {"unit_fen": 8_050, "basis": "fair_value", "places": PLACES}


@pytest.mark.parametrize("counted", [17, 20])
def test_a_count_says_what_the_goods_are_worth_on_which_basis_and_where_they_lie(
    counted: int,
) -> None:
    """Whether it writes something off or agrees; the log has none of it, and nobody alone says
    so."""
    audit = start()
    places = (PLACES[0], StockPlace(station="南城驿站", quantity=counted - 12))
    answer = audit.answer(make_count(counted, **VALUED | {"places": places}), "maker")
    approval = ApproveStockCount(count_id=str(answer.body["id"]))
    assert audit.stock().value_fen is None
    assert audit.answer(approval, "checker").status == 200
    stock = audit.stock()
    assert (stock.value_fen, stock.basis, stock.valued_by) == (
        counted * 8_050,
        "fair_value",
        "盘点表-1",
    )
    assert (stock.places, stock.placed_at, stock.valued_at) == (places, NOW, NOW)
    assert not any(b"8050" in leaf or "驿站".encode() in leaf for leaf in audit.leaves)
    plain = audit.answer(make_count(counted, reference="盘点表-2"), "maker")
    audit.execute(ApproveStockCount(count_id=str(plain.body["id"])), "checker")
    assert (audit.stock().unit_fen, audit.stock().valued_by) == (8_050, "盘点表-1"), "it stays"
    audit.receive(confirmation("M-1", 2, fund=FUND, **GOODS))
    rows = list_by_station([describe_stock(audit.stock())])
    assert [(row.station, row.quantity) for row in rows] == [
        ("南城驿站", counted - 12),
        ("茶山驿站", 12),
        (SINCE_COUNT, -2),
    ]
    assert sum(sum_by_station(rows).values()) == audit.stock().value_fen == (counted - 2) * 8_050


@pytest.mark.parametrize(
    ("more", "refused"),
    [
        ({"unit_fen": 0}, "value_without_basis"),
        ({"basis": ""}, "value_without_basis"),
        ({"unit_fen": 10**13, "counted": 10**3}, "amount_too_large"),
        ({"places": PLACES[:1]}, "places_differ"),
        ({"places": (PLACES[1], PLACES[0], PLACES[1]), "counted": 22}, "places_differ"),
        ({"places": PLACES[:1] * 2, "counted": 24}, "places_differ"),
    ],
)
def test_a_value_without_a_basis_and_places_of_another_number_are_refused(
    more: dict[str, Any], refused: str
) -> None:
    audit = open_audit()
    audit.receive(goods(5_000))
    count = make_count(**{"counted": 17} | VALUED | {"places": ()} | more)
    assert code(audit.answer(count, "maker")) == refused


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


def test_an_older_count_does_not_win_over_a_newer_one() -> None:
    audit = open_audit()
    audit.receive(goods(20, received_at=NOW - timedelta(days=9)))

    def propose(key: str, **more: Any) -> ApproveStockCount:
        answer = audit.answer(make_count(20, **more), "maker", key=key)
        return ApproveStockCount(count_id=str(answer.body["id"]))

    older = propose("k1", at=NOW - timedelta(days=9), unit_fen=805_000, basis="fair_value")
    newer = propose("k2", unit_fen=8_050, basis="documents")
    assert audit.answer(newer, "checker").status == 200
    assert audit.answer(older, "checker").status == 409
    assert audit.stock().unit_fen == 8_050
