"""One row of a spreadsheet as a request: which header means what, and how values are written."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from services.intake.channels.words import CATEGORY_WORDS, CLASS_WORDS, KIND_WORDS
from shared.contracts.values import (
    LABELS,
    MONEY_UNIT,
    BeneficiaryClass,
    Category,
    Channel,
    Kind,
)
from shared.errors import Invalid, Problem
from shared.towns import codes_by_name

_FIELDS: dict[str, str] = {
    "number": "编号 序号编号 诉求编号 id message_id number",
    "name": "姓名 申请人 对象姓名 name applicant",
    "phone": "手机 手机号 手机号码 电话 联系电话 phone mobile",
    "openid": "openid wechat_openid 微信openid",
    "kind": "类型 诉求类型 kind",
    "category": "类别 诉求类别 需求类别 category",
    "class": "困难类别 对象类别 人员类别 class beneficiary_class",
    "quantity": "数量 quantity",
    "unit": "单位 unit",
    "item": "物品 物品名称 服务 item",
    "amount": "金额 金额(元) 金额（元） 申请金额 amount amount_yuan",
    "amount_fen": "金额(分) 金额（分） amount_fen",
    "town": "镇街 镇 街道 镇(街) 镇（街） town town_code",
    "village": "村居 村(居) 村（居） 村 社区 village village_code",
    "text": "内容 诉求内容 心愿内容 说明 text content",
    "collector": "收集人 收集人编号 collector collector_id",
    "channel": "渠道 征集渠道 channel",
}
HEADERS: dict[str, str] = {
    word: name for name, words in _FIELDS.items() for word in words.split(" ")
}
_VILLAGE_CODE = re.compile(r"\d{12}")
_EXPONENT = re.compile(r"\d(\.\d+)?e\+?\d+", re.IGNORECASE)


def request_of(row: Mapping[str, str], channel: Channel) -> dict[str, Any]:
    """Fields of a `RequestSubmitted`. Raises Invalid with every problem of the row."""
    cells = {
        HEADERS[header.strip().lower()]: value
        for header, value in row.items()
        if value and header.strip().lower() in HEADERS
    }
    problems: list[Problem] = []
    request = dict(_collect(_parts(cells, channel), problems))
    if problems:
        raise Invalid(*problems)
    return request


def _parts(cells: Mapping[str, str], channel: Channel) -> Iterator[tuple[str, Any]]:
    """Each value is a callable that may raise Invalid, so that all problems are found at once."""
    yield "kind", lambda: _word("kind", cells.get("kind", LABELS[Kind.WISH]), KIND_WORDS, Kind)
    yield "category", lambda: _word("category", cells.get("category"), CATEGORY_WORDS, Category)
    yield (
        "beneficiary_class",
        lambda: _word("class", cells.get("class"), CLASS_WORDS, BeneficiaryClass),
    )
    yield "channel", lambda: _channel(cells.get("channel"), channel)
    yield "need", lambda: _need(cells)
    yield "area", lambda: _area(cells)
    yield "applicant", lambda: _applicant(cells)
    yield "text", lambda: _text(cells)
    if collector := cells.get("collector"):
        yield "collector_id", lambda: collector


def _collect(
    parts: Iterator[tuple[str, Any]], problems: list[Problem]
) -> Iterator[tuple[str, Any]]:
    for name, value in parts:
        try:
            yield name, value()
        except Invalid as error:
            problems += error.problems


def _word(field: str, said: str | None, words: Mapping[str, str], kind: Any) -> str:
    """A code or what it is called."""
    if not said:
        raise _missing(field)
    if said in words:
        return words[said]
    if said.lower() in {str(code) for code in kind}:
        return said.lower()
    some = "、".join(LABELS[code] for code in kind)
    raise Invalid.of(
        "unknown_word",
        f"“{_ZH[field]}”应为：{some}",
        f"{field} is one of: {', '.join(kind)}",
        field,
    )


def _channel(said: str | None, otherwise: Channel) -> str:
    labels = {LABELS[code]: code.value for code in Channel}
    return _word("channel", said, labels, Channel) if said else otherwise.value


def _need(cells: Mapping[str, str]) -> dict[str, Any]:
    if "amount_fen" in cells:
        return {"unit": MONEY_UNIT, "quantity": _whole("amount_fen", cells["amount_fen"])}
    if "amount" in cells:
        return {"unit": MONEY_UNIT, "quantity": _fen(cells["amount"])}
    unit = cells.get("unit", "")
    if unit in ("元", "块"):
        return {"unit": MONEY_UNIT, "quantity": _fen(cells.get("quantity", ""))}
    if "quantity" not in cells:
        raise _missing("quantity")
    if not unit:
        raise _missing("unit")
    quantity = _whole("quantity", cells["quantity"])
    return {"unit": unit, "quantity": quantity, "item": cells.get("item", "")}


def _fen(said: str) -> int:
    plain = said.replace(",", "").replace("，", "").removeprefix("¥").removesuffix("元").strip()
    try:
        fen = Decimal(plain) * 100
    except ArithmeticError:  # no number, or one beyond every exponent
        fen = Decimal(0)
    if not fen.is_finite() or fen <= 0 or fen >= 10**15 or fen != fen.to_integral_value():
        raise Invalid.of(
            "not_an_amount",
            "金额应为正数，最多两位小数，例如 200 或 200.50",
            "an amount is positive with at most two decimals, such as 200 or 200.50",
            "amount",
        )
    return int(fen)


def _whole(field: str, said: str) -> int:
    plain = said.replace(",", "").replace("，", "").removesuffix(".0")
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 15 and int(plain) > 0):
        raise Invalid.of(
            "not_a_number", f"“{_ZH[field]}”应为正整数", f"{field} is a whole number above 0", field
        )
    return int(plain)


def _area(cells: Mapping[str, str]) -> dict[str, str]:
    said = cells.get("town", "")
    village = cells.get("village", "")
    known_village = _VILLAGE_CODE.fullmatch(village)
    if not said and known_village:
        said = village[:9]
    if not said:
        raise _missing("town")
    code = said if said.isdigit() else codes_by_name().get(said.removeprefix("东莞市"), "")
    if not code:
        raise Invalid.of(
            "unknown_town",
            "没有这个镇街，请填写全称（如茶山镇）或9位代码",
            "no such town: give its full name (茶山镇) or its 9 digit code",
            "town",
        )
    return {"town_code": code} | ({"village_code": village} if known_village else {})


def _applicant(cells: Mapping[str, str]) -> dict[str, str]:
    if "name" not in cells:
        raise _missing("name")
    who = {"name": cells["name"]}
    if phone := cells.get("phone"):
        who["phone"] = _phone(phone)
    return who | ({"wechat_openid": cells["openid"]} if "openid" in cells else {})


def _phone(said: str) -> str:
    digits = re.sub(r"[\s\-()]", "", said).removeprefix("+").removesuffix(".0")
    local = digits.removeprefix("86") if len(digits) == 13 else digits
    if not re.fullmatch(r"1[3-9]\d{9}", local, re.ASCII):
        hint = "；请把该列设为文本格式" if _EXPONENT.fullmatch(said) else ""
        raise Invalid.of(
            "not_a_mobile",
            f"手机号应为11位数字，以1开头{hint}",
            "a mobile number has 11 digits and begins with 1 (format the column as text)",
            "phone",
        )
    return f"+86{local}"


def _text(cells: Mapping[str, str]) -> str:
    """A village that is written by name stays readable for whoever judges the request."""
    village = cells.get("village", "")
    named = village and not _VILLAGE_CODE.fullmatch(village)
    return "\n".join(
        part for part in (f"村（居）：{village}" if named else "", cells.get("text")) if part
    )


def _missing(field: str) -> Invalid:
    return Invalid.of("missing", f"请填写“{_ZH[field]}”", f"{field} is missing", field)


_ZH = {name: words.split(" ")[0] for name, words in _FIELDS.items()}
