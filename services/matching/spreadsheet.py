"""Sheets of offers: bytes in, rows out, each an offer with its giver or why it is none.

Headers and values in Chinese or English; money in yuan (unit 元 or 万元) becomes fen; towns by
name or code; dates as 2026-12-31 or with their time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import ValidationError

from shared.contracts.events import Applicant, OfferSubmitted
from shared.contracts.values import LABELS, MONEY_UNIT
from shared.errors import Invalid, Problem
from shared.ids import make_id
from shared.moments import parse_end, parse_moment
from shared.money import PIECES, find_money_unit, parse_amount, parse_quantity
from shared.phones import UNREACHABLE_CODES, parse_mobile
from shared.sheets import (
    ABSENT_WORDS,
    CURRENCY_GUARD,
    REASON_HEADERS,
    Column,
    Columns,
    RefusedRow,
    Row,
    Table,
    TotalRow,
    check_not_example,
    check_not_foreign,
    check_yuan,
    make_code_parser,
    open_sheet,
    parse_folded,
)
from shared.sheets.columns import Parse
from shared.text import clean_text, fold_text, fold_word
from shared.towns import parse_town, parse_village
from shared.validation import describe_validation

_WORDS = {"推荐": "push", "认领": "claim", "均可": "both", "是": "true", "否": "false"}
_CODES = {fold_text(label): str(code) for code, label in LABELS.items()} | _WORDS
_LIST = re.compile(r"[、;,]")
_NOBODY = "P-not-registered-yet"


def _parse_name(text: str, field: str) -> str:
    name = clean_text(text)
    check_not_example(name, field)
    return name


def _parse_word(text: str, _: str) -> str:
    """A code, or what it is called; what is neither is refused with the offer."""
    word = fold_text(text)
    return _CODES.get(word, word)


def _parse_list(parse: Parse, text: str, field: str) -> list[object]:
    """Several are separated by 、 or ；."""
    parts = (part.strip() for part in _LIST.split(fold_text(text)))
    return [parse(part, field) for part in parts if part]


def _parse_start(text: str, field: str) -> str:
    return parse_moment(text, field).isoformat()


def _parse_end(text: str, field: str) -> str:
    """A mere date ends with its day."""
    return parse_end(text, field).isoformat()


OFFER_COLUMNS = Columns(
    (
        Column("message_id", "编号", make_code_parser("编号"), single=True),
        Column("name", "名称", _parse_name, required=True),
        # A masked number, or an enterprise's fixed line, does not cost the offer.
        Column(
            "phone",
            "电话 手机 手机号",
            parse_mobile,
            absent=ABSENT_WORDS,
            forgiven=UNREACHABLE_CODES,
        ),
        Column("wechat_openid", "微信", make_code_parser("微信")),
        Column("unit", "单位", parse_folded, required=True),
        Column("quantity", "数量", required=True, single=True),
        Column("item", "物品", parse_folded),
        Column("categories", "类别", partial(_parse_list, _parse_word)),
        Column("beneficiary_classes", "困难类别", partial(_parse_list, _parse_word)),
        Column("town_codes", "镇街", partial(_parse_list, parse_town)),
        Column("village_codes", "村(社区)", partial(_parse_list, parse_village)),
        Column("cap_per_request", "每户上限", single=True),
        Column("fund_id", "基金", make_code_parser("基金")),
        Column("mandate_id", "授权编号 授权", make_code_parser("授权编号")),
        Column("donor_kind", "捐赠方类型", _parse_word),
        Column("giving", "给予方式", _parse_word),
        Column("base", "中心位置", make_code_parser("中心位置")),
        Column("radius_km", "服务半径(公里)", parse_quantity),
        Column("cases_max", "同时服务上限", parse_quantity),
        Column("campaign_id", "专项行动", make_code_parser("专项行动")),
        Column("valid_from", "有效期自", _parse_start),
        Column("valid_until", "有效期至", _parse_end),
        Column("mode", "对接方式", _parse_word),
        Column("name_shown", "显示姓名", _parse_word),
        Column("currency", "币种", check_yuan),
    ),
    ignored=REASON_HEADERS,
    guards=(CURRENCY_GUARD,),
    check_unread=check_not_foreign,
)
_GIVER = ("name", "phone", "wechat_openid")
_AMOUNTS = ("quantity", "cap_per_request")
_READ_ALIKE = ("phone", "town_codes", "village_codes", "valid_from", "valid_until")
_NOT_OF_THE_OFFER = {*_GIVER, *_AMOUNTS, "message_id", "unit", "currency"}


@dataclass(frozen=True, slots=True)
class SheetOffer:
    """line: in the sheet, from 1. key: the same row is the same offer, however often imported.

    offer: without its donor_id, which intake gives when the giver is registered there.
    remarks: what was left out of it.
    """

    line: int
    key: str
    giver: dict[str, object]
    offer: dict[str, Any]
    original: tuple[str, ...] = ()
    remarks: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class OfferSheet:
    """Iterates over its rows, once; lines of totals are left out."""

    table: Table

    def __iter__(self) -> Iterator[SheetOffer | RefusedRow]:
        for row in self.table:
            if isinstance(row, Row):
                yield self._read_offer(row)
            elif not isinstance(row, TotalRow):
                yield row

    def _read_offer(self, row: Row) -> SheetOffer | RefusedRow:
        giver = {name: row.values[name] for name in _GIVER if name in row.values}
        try:
            offer = _make_offer(row)
            Applicant.model_validate(giver)
            OfferSubmitted.model_validate(offer | {"donor_id": _NOBODY})
        except ValidationError as error:
            return RefusedRow(row.line, row.original, describe_validation(error))
        except Invalid as error:
            return RefusedRow(row.line, row.original, error.problems)
        return SheetOffer(row.line, self._make_key(row), giver, offer, row.original, row.remarks)

    def _make_key(self, row: Row) -> str:
        """Its own number if it has one; else a digest of what all its cells say, read or not: how a
        sum, a phone or a day is written changes nothing."""
        if number := row.text("message_id"):
            return number
        header = self.table.header
        texts = {name: fold_word(text) for name, text in row.texts.items()}
        texts |= {name: str(row.values[name]) for name in _READ_ALIKE if name in row.values}
        texts |= {name: texts[name].replace(",", "") for name in _AMOUNTS if name in texts}
        texts |= {
            header.cells[place]: fold_word(row.original[place])
            for place in header.unread
            if place < len(row.original) and row.original[place]
        }
        return make_id("row", *(f"{name}={text}" for name, text in sorted(texts.items())))


def read_offers(content: bytes, skip: int | None = None) -> OfferSheet:
    """skip: rows above the header. Raises Invalid when the file is no sheet of offers at all."""
    table = open_sheet(content).find_table(OFFER_COLUMNS, skip)
    table.check_unit("quantity", "元")
    return OfferSheet(table)


def _make_offer(row: Row) -> dict[str, object]:
    """Raises Invalid."""
    unit, item = row.text("unit"), row.text("item")
    money_unit = None if item and unit in PIECES else find_money_unit(unit)
    offer: dict[str, object] = {"unit": MONEY_UNIT if money_unit else unit}
    offer |= {name: value for name, value in row.values.items() if name not in _NOT_OF_THE_OFFER}
    for name in _AMOUNTS:
        if name in row.values:
            text = row.text(name)
            offer[name] = (
                parse_amount(text, name, money_unit) if money_unit else parse_quantity(text, name)
            )
    return offer
