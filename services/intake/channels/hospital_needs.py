"""The hospitals' needs of February 2020, as the volunteers of wuhan2020 recorded them (MIT).

A row says that a field of a hospital changed. `需求:<item>` set to 1 is a need of unknown
quantity, above 1 the quantity. The hospital is the applicant; it asks for a public purpose, so it
is a project. Foreign cities have no town here: the city's code with 000 stands for all of it.
"""

from collections.abc import Mapping
from typing import Any

from shared.contracts.values import BeneficiaryClass, Category, Channel, Kind
from shared.errors import Invalid

HEADER = frozenset({"time", "city_pinyin", "hospital", "field", "old", "new", "op"})
UNIT = "件"

_NEED = "需求:"
# GB/T 2260, the sixteen divisions of Hubei that occur.
_CITIES = {
    "wuhanshi": "420100",
    "huangshishi": "420200",
    "shiyanshi": "420300",
    "yichangshi": "420500",
    "xiangyangshi": "420600",
    "ezhoushi": "420700",
    "jingmenshi": "420800",
    "xiaoganshi": "420900",
    "jingzhoushi": "421000",
    "huanggangshi": "421100",
    "xianningshi": "421200",
    "suizhoushi": "421300",
    "enshitujiazumiaozuzizhizhou": "422800",
    "xiantaoshi": "429004",
    "qianjiangshi": "429005",
    "tianmenshi": "429006",
}


def request_of(row: Mapping[str, str], channel: Channel) -> dict[str, Any]:
    """Fields of a `RequestSubmitted`. Raises Invalid when the row is no need."""
    item, quantity = _item(row["field"]), _quantity(row["op"], row["new"])
    known = "数量未知" if quantity == 1 else f"{quantity}{UNIT}"
    return {
        "kind": Kind.PROJECT,
        "category": Category.MEDICAL,
        "beneficiary_class": BeneficiaryClass.GENERAL,
        "channel": channel,
        "need": {"unit": UNIT, "quantity": quantity, "item": item},
        "area": {"town_code": _town_code(row["city_pinyin"])},
        "applicant": {"name": _hospital(row["hospital"])},
        "text": f"{row['hospital']}需要{item}（{known}），记录于{row['time']}",
    }


def _item(field: str) -> str:
    item = field.removeprefix(_NEED).strip()
    if not field.startswith(_NEED) or not item:
        raise Invalid.of(
            "not_a_need",
            "此行不是需求（字段应以“需求:”开头）",
            "not a need: no 需求: field",
            "field",
        )
    return item[:100]


def _quantity(op: str, new: str) -> int:
    if op == "remove" or not new or new in ("0", "None"):
        raise Invalid.of(
            "not_needed", "该物品不再需要或未填写数量", "not needed, or nothing was said", "new"
        )
    if not (new.isascii() and new.isdigit() and len(new) <= 12):
        raise Invalid.of("not_a_number", "数量应为整数", "the quantity is no whole number", "new")
    return int(new)


def _town_code(city: str) -> str:
    code = _CITIES.get(city)
    if code is None:
        raise Invalid.of("unknown_city", "未知的城市", "unknown city", "city_pinyin")
    return f"{code}000"


def _hospital(name: str) -> str:
    if not name:
        raise Invalid.of("missing", "缺少医院名称", "the hospital is missing", "hospital")
    return name[:200]
