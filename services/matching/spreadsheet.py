"""Spreadsheets of offers: bytes in, rows out, each an offer with its giver or why it is none.

Headers and values in Chinese or English; money in yuan (unit 元) becomes fen; towns by name or
code; dates as 2026-12-31 or with their time.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from shared.contracts.events import Applicant, OfferSubmitted
from shared.contracts.values import CHINA, LABELS, MONEY_UNIT
from shared.errors import Invalid, Problem
from shared.ids import derived_id
from shared.money import parse_amount, parse_quantity
from shared.towns import codes_by_name
from shared.validation import describe_validation

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
    "捐赠方类型": "donor_kind",
    "给予方式": "giving",
    "村(社区)": "village_codes",
    "中心位置": "base",
    "服务半径(公里)": "radius_km",
    "同时服务上限": "cases_max",
    "专项行动": "campaign_id",
    "有效期自": "valid_from",
    "对接方式": "mode",
    "显示姓名": "name_shown",
}
_WORDS = {"推荐": "push", "认领": "claim", "均可": "both", "是": "true", "否": "false"}
_CODES = {label: str(code) for code, label in LABELS.items()} | _WORDS
_LISTS = ("categories", "beneficiary_classes", "town_codes", "village_codes")
_AMOUNTS = ("quantity", "cap_per_request")
_COUNTS = ("radius_km", "cases_max")
_CODED = ("donor_kind", "giving", "mode", "name_shown")
_VERBATIM = ("item", "fund_id", "campaign_id", "base")
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
    offer |= {name: values[name] for name in _VERBATIM if name in values}
    offer |= {name: _CODES.get(values[name], values[name]) for name in _CODED if name in values}
    offer |= {name: parse_quantity(values[name], name) for name in _COUNTS if name in values}
    read_amount = parse_amount if money else parse_quantity
    offer |= {name: read_amount(values[name], name) for name in _AMOUNTS if name in values}
    if "valid_from" in values:
        offer["valid_from"] = _moment(values["valid_from"])
    if "valid_until" in values:
        offer["valid_until"] = _moment(values["valid_until"], days=1)
    return offer | {name: _codes(values[name]) for name in _LISTS if name in values}


def _codes(cell: str) -> list[str]:
    """Codes, or the words they stand for; several are separated by 、 or ；."""
    parts = (part.strip() for part in cell.replace("、", ";").replace("；", ";").split(";"))
    words = codes_by_name() | _CODES
    return [words.get(part, part) for part in parts if part]


def _moment(text: str, days: int = 0) -> str:
    """A mere date is a day in China, and one that ends something ends with it: days = 1."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=CHINA)
    except ValueError:
        return text
    return (day + timedelta(days=days)).isoformat()
