"""Cells of a sheet of requests, read as people write them."""

import pytest

from shared.contracts.values import Need
from tests.intake.sheets import GOOD, good, refused


@pytest.mark.parametrize(
    ("amount", "fen"),
    [
        ("￥200", 20_000),
        ("2万元", 2_000_000),
        ("300元整", 30_000),
        ("人民币200元", 20_000),
        ("１，０００", 100_000),
        ("三百元", 30_000),
    ],
)
def test_an_amount_is_read_as_people_write_it(amount: str, fen: int) -> None:
    assert good(GOOD | {"金额": amount}).request.need.quantity == fen


@pytest.mark.parametrize(
    "phone",
    [
        "\u202d13800138000\u202c",
        "13800138000\u200b",
        "138\u20110013\u20118000",
        "１３８００１３８０００",
        "（86）13800138000",
        "008613800138000",
        '="13800138000"',
        "'13800138000",
        "17951 13800138000",
    ],
)
def test_a_phone_is_read_as_people_write_it(phone: str) -> None:
    assert good(GOOD | {"手机": phone}).request.applicant.phone == "+8613800138000"


def test_a_word_for_no_phone_is_none() -> None:
    request = good(GOOD | {"手机": "无", "收集人": "C-01"}).request
    assert (request.applicant.phone, request.collector_id) == (None, "C-01")


def test_items_and_units_are_folded_before_they_are_compared() -> None:
    row = {k: v for k, v in GOOD.items() if k != "金额"}
    row |= {"物品": "Ａ4纸　", "数量": "２", "单位": " 包\u200b"}
    assert good(row).request.need == Need(unit="包", quantity=2, item="A4纸")


def test_a_fraction_of_a_thing_is_refused() -> None:
    row = {k: v for k, v in GOOD.items() if k != "金额"} | {"数量": "1,5", "单位": "床"}
    assert [problem.code for problem in refused(row).problems] == ["quantity_wrong"]


def test_money_may_be_counted_in_ten_thousands_and_soap_in_pieces() -> None:
    row = {k: v for k, v in GOOD.items() if k != "金额"} | {"数量": "2"}
    assert good(row | {"单位": "万元"}).request.need.quantity == 2_000_000
    soap = good(row | {"单位": "块", "物品": "香皂"}).request.need
    assert soap == Need(unit="块", quantity=2, item="香皂")


def test_an_amount_in_another_currency_is_refused() -> None:
    row = refused(GOOD | {"币种": "HKD"})
    assert [problem.code for problem in row.problems] == ["currency_foreign"]
    assert good(GOOD | {"币种": "人民币"}).key == good(GOOD).key


def test_a_village_code_that_lost_its_digits_is_no_name() -> None:
    row = refused(GOOD | {"村居": "4.419E+11"})
    assert [problem.code for problem in row.problems] == ["village_unknown"]
