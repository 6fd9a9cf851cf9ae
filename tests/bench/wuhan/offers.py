"""What was offered, as far as the rows say: kind, area, item, quantity, validity.

A quantity of 1 says, as with the needs, that there is some and not how much. A factory names no
area, so it serves anywhere; a transport serves the places it goes to. Remarks are read for what
they say of the row, and nothing of them is stored: they name people.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from shared.ids import make_id

FILE = Path("wuhan2020") / "offers_logistics_factory_clinic.csv"
SERVICES = frozenset({"logistical", "clinic"})

# The offer's words for what the hospitals' table calls otherwise. 医用口罩 without 外科 or 防护
# is the ordinary one.
ITEMS = {
    "医用口罩": "普通医用口罩",
    "一次性医用口罩": "普通医用口罩",
    "N95": "医用防护口罩 | N95口罩",
    "红外成像测温仪": "测体温设备",
}
ANYWHERE = frozenset({"", "全国"})
# As the importer codes the hospitals' cities.
PLACES = {
    "武汉": "420100000",
    "黄石": "420200000",
    "十堰": "420300000",
    "宜昌": "420500000",
    "襄阳": "420600000",
    "鄂州": "420700000",
    "荆门": "420800000",
    "孝感": "420900000",
    "荆州": "421000000",
    "黄冈": "421100000",
    "咸宁": "421200000",
    "随州": "421300000",
    "恩施": "422800000",
    "仙桃": "429004000",
    "潜江": "429005000",
    "天门": "429006000",
}

_PERIOD = re.compile(r"(\d{1,2})\.(\d{1,2})-(\d{1,2})\.(\d{1,2})")
_UNLICENSED, _TWICE = "无资质证明", "信息重复"

Flaw = Literal["", "service", "twice", "quantity_unknown", "area_unknown"]


@dataclass(frozen=True, slots=True)
class OfferRow:
    """One item of one row, or the row's service. towns: none is anywhere.

    flaw: why nothing can be allocated from it, as it stands. licensed: no remark says that a
    certificate is missing. since: when it was published, where it says.
    """

    row: int
    kind: str
    donor_id: str
    item: str
    quantity: int | None
    towns: tuple[str, ...]
    since: datetime | None
    until: datetime | None
    licensed: bool
    flaw: Flaw

    def reaches(self, town_code: str) -> bool:
        return not self.towns or town_code in self.towns

    def is_over(self, now: datetime) -> bool:
        return self.until is not None and self.until <= now


def read_offers(path: Path) -> list[OfferRow]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [offered for number, row in enumerate(rows, 1) for offered in _parse_row(number, row)]


def _parse_row(number: int, row: Mapping[str, str]) -> Iterator[OfferRow]:
    since = datetime.fromisoformat(row["published"]) if row["published"] else None
    towns = _parse_towns(row["dest"])
    for item, quantity in _parse_capacity(row["capacity"]) or [("", None)]:
        yield OfferRow(
            row=number,
            kind=row["kind"],
            donor_id=make_id("P", "wuhan2020", row["org"]),
            item=ITEMS.get(item, item),
            quantity=quantity,
            towns=towns or (),
            since=since,
            until=_parse_until(row["remark"], since),
            licensed=_UNLICENSED not in row["remark"],
            flaw=_find_flaw(row, quantity, towns),
        )


def _find_flaw(row: Mapping[str, str], quantity: int | None, towns: tuple[str, ...] | None) -> Flaw:
    if row["kind"] in SERVICES:
        return "service"
    if _TWICE in row["remark"]:
        return "twice"
    if towns is None:
        return "area_unknown"
    return "quantity_unknown" if quantity is None else ""


def _parse_capacity(text: str) -> list[tuple[str, int | None]]:
    """`item:quantity|item:quantity`; anything but a whole number above 1 is not known."""
    parts = (part.rpartition(":") for part in text.split("|") if ":" in part)
    return [(item.strip(), _parse_quantity(quantity.strip())) for item, _, quantity in parts]


def _parse_quantity(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) > 1 else None


def _parse_towns(text: str) -> tuple[str, ...] | None:
    """None when a place is not one the hospitals are in."""
    names = [name.strip().removesuffix("市") for name in re.split(r"[、,，|/]", text)]
    if ANYWHERE & set(names):
        return ()
    codes = [PLACES.get(name) for name in names]
    return None if None in codes else tuple(code for code in codes if code)


def _parse_until(remark: str, since: datetime | None) -> datetime | None:
    """`2.1-2.10`: through the last day, which ends in China at 16:00 UTC."""
    match = _PERIOD.search(remark)
    if match is None or since is None:
        return None
    try:
        last = since.replace(month=int(match[3]), day=int(match[4]))
    except ValueError:
        return None
    return last.replace(hour=16, minute=0, second=0)
