"""The hospitals' needs of February 2020, as the volunteers of wuhan2020 recorded them (MIT).

A row says that a field of a hospital changed. `需求:<item>` set to 1 is a need of unknown
quantity, above 1 the quantity. The hospital is the applicant; it asks for a public purpose, so it
is a project. Foreign cities have no town here: the city's code with 000 stands for all of it.
"""

from collections.abc import Mapping

from services.intake.channels.messages import (
    CITY_UNKNOWN,
    HOSPITAL_MISSING,
    NEED_OVER,
    NEED_QUANTITY_WRONG,
    ROW_NOT_NEED,
)
from shared.contracts.values import BeneficiaryClass, Category, Channel, Kind
from shared.documents import Document

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


def build_hospital_request(row: Mapping[str, str], channel: Channel) -> Document:
    """Fields of a `RequestSubmitted`. Raises Invalid when the row is no need."""
    item, quantity = _parse_item(row["field"]), _parse_quantity(row["op"], row["new"])
    amount = "数量未知" if quantity == 1 else f"{quantity}{UNIT}"
    return {
        "kind": Kind.PROJECT,
        "category": Category.MEDICAL,
        "beneficiary_class": BeneficiaryClass.GENERAL,
        "channel": channel,
        "need": {"unit": UNIT, "quantity": quantity, "item": item},
        "area": {"town_code": _find_town_code(row["city_pinyin"])},
        "applicant": {"name": _parse_hospital(row["hospital"])},
        "text": f"{row['hospital']}需要{item}（{amount}），记录于{row['time']}",
    }


def _parse_item(field: str) -> str:
    item = field.removeprefix(_NEED).strip()
    if not field.startswith(_NEED) or not item:
        raise ROW_NOT_NEED.invalid("field")
    return item[:100]


def _parse_quantity(op: str, new: str) -> int:
    if op == "remove" or not new or new in ("0", "None"):
        raise NEED_OVER.invalid("new")
    if not (new.isascii() and new.isdigit() and len(new) <= 12):
        raise NEED_QUANTITY_WRONG.invalid("new")
    return int(new)


def _find_town_code(city: str) -> str:
    code = _CITIES.get(city)
    if code is None:
        raise CITY_UNKNOWN.invalid("city_pinyin")
    return f"{code}000"


def _parse_hospital(name: str) -> str:
    if not name:
        raise HOSPITAL_MISSING.invalid("hospital")
    return name[:200]
