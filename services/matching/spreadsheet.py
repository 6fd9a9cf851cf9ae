"""Spreadsheets of offers: bytes in, rows out, each an offer with its giver or why it is none.

Headers and values in Chinese or English; money in yuan (unit 元) becomes fen.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from shared.contracts.events import Applicant, OfferSubmitted
from shared.contracts.values import LABELS, MONEY_UNIT
from shared.errors import Invalid, Problem, describe_validation
from shared.ids import derived_id

HEADERS = {
    "编号": "message_id",
    "名称": "name",
    "电话": "phone",
    "微信": "wechat_openid",
    "单位": "unit",
    "数量": "quantity",
    "物品": "item",
    "类别": "categories",
    "困难类别": "beneficiary_classes",
    "镇街": "town_codes",
    "每户上限": "cap_per_request",
    "基金": "fund_id",
    "有效期至": "valid_until",
}
_CODES = {label: str(code) for code, label in LABELS.items()}
_LISTS = ("categories", "beneficiary_classes", "town_codes")
_AMOUNTS = ("quantity", "cap_per_request")
_GIVER = ("name", "phone", "wechat_openid")
_NOBODY = "P-not-registered-yet"


@dataclass(frozen=True, slots=True)
class Row:
    """line: in the file, from 1. key: the same row is the same offer, however often imported.

    offer: without its donor_id, which intake gives when the giver is registered there.
    """

    line: int
    key: str
    giver: dict[str, Any]
    offer: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    line: int
    problems: tuple[Problem, ...]


def read(content: bytes) -> Iterator[Row | RefusedRow]:
    """Raises Invalid when the file is no table of offers at all."""
    table = csv.DictReader(io.StringIO(_decoded(content), newline=""))
    names = [HEADERS.get(name.strip(), name.strip()) for name in table.fieldnames or ()]
    missing = {"name", "unit", "quantity"} - set(names)
    if missing:
        zh, en = "缺少列：名称、单位、数量", f"columns missing: {', '.join(sorted(missing))}"
        raise Invalid.of("columns_missing", zh, en)
    table.fieldnames = names
    for cells in table:
        values = {k: v.strip() for k, v in cells.items() if isinstance(k, str) and v}
        yield _row(table.line_num, {k: v for k, v in values.items() if v})


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid.of("encoding_unknown", "文件编码无法识别", "neither UTF-8 nor GB18030")


def _row(line: int, values: Mapping[str, str]) -> Row | RefusedRow:
    try:
        giver = {name: values[name] for name in _GIVER if name in values}
        offer = _offer(values)
        Applicant.model_validate(giver)
        OfferSubmitted.model_validate(offer | {"donor_id": _NOBODY})
    except ValidationError as error:
        return RefusedRow(line, describe_validation(error))
    except Invalid as error:
        return RefusedRow(line, error.problems)
    digest = derived_id("row", *(f"{k}={v}" for k, v in sorted(values.items())))
    return Row(line, values.get("message_id", digest), giver, offer)


def _offer(values: Mapping[str, str]) -> dict[str, Any]:
    unit = values.get("unit", "")
    money = unit in ("元", "yuan", "CNY")
    offer: dict[str, Any] = {"unit": MONEY_UNIT if money else unit}
    for name in ("item", "fund_id", "valid_until"):
        if name in values:
            offer[name] = values[name]
    for name in _AMOUNTS:
        if name in values:
            offer[name] = _amount(name, values[name], 100 if money else 1)
    for name in _LISTS:
        parts = values.get(name, "").replace("、", ";").replace("；", ";").split(";")
        offer[name] = [_CODES.get(part.strip(), part.strip()) for part in parts if part.strip()]
    return offer


def _amount(name: str, text: str, parts: int) -> int:
    """Raises Invalid: not a number, or more decimals than the unit has."""
    try:
        exact = Decimal(text.replace(",", "")) * parts
        if exact == exact.to_integral_value():
            return int(exact)
    except (ArithmeticError, ValueError):
        pass
    raise Invalid.of("not_a_quantity", "数量不正确", "not a quantity of this unit", name)
