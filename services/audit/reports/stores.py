"""Goods in store by station, as the last count of each item found them, with their value.

Rows are documents of `GET /stocks`: the log has neither places nor values.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from shared.documents import Document, Json

PAGE = 1000
SINCE_COUNT = ""
"""The station of what came or went after an item was counted: less than nothing where more went.
With it the rows of an item are what is in stock."""
BASES: Mapping[str, tuple[str, str]] = {
    "documents": ("捐赠方凭据金额", "the giver's papers"),
    "fair_value": ("公允价值（同类市场价格）", "fair value (market price of the like)"),
    "appraisal": ("评估", "appraisal"),
    "": ("未估值", "not valued"),
}


@dataclass(frozen=True, slots=True)
class StationRow:
    """value_fen: None where nobody valued the item."""

    station: str
    fund_id: str
    item: str
    unit: str
    quantity: int
    value_fen: int | None


class Getter(Protocol):
    """`shared.client.ServiceClient`, for audit."""

    def get(self, path: str, params: Document | None = None) -> Json: ...


def read_stocks(audit: Getter) -> Iterator[Document]:
    """All of them, page by page. Raises ServiceError."""
    after = ""
    while True:
        page = audit.get("/stocks", {"after": after, "limit": PAGE})
        yield from page["stocks"]
        if not (after := page["next"] or ""):
            return


def list_by_station(stocks: Iterable[Document]) -> list[StationRow]:
    """By station, then fund and item; last what moved since it was counted."""
    return sorted((row for stock in stocks for row in _split(stock)), key=_sort_key)


def _sort_key(row: StationRow) -> tuple[bool, str, str, str]:
    return row.station == SINCE_COUNT, row.station, row.fund_id, row.item


def sum_by_station(rows: Iterable[StationRow]) -> dict[str, int]:
    """Fen, of what is valued."""
    sums: dict[str, int] = {}
    for row in rows:
        sums[row.station] = sums.get(row.station, 0) + (row.value_fen or 0)
    return sums


def _split(stock: Document) -> Iterator[StationRow]:
    placed = {each["station"]: each["quantity"] for each in stock["places"]}
    rest = stock["in_stock"] - sum(placed.values())
    for station, quantity in {**placed, **({SINCE_COUNT: rest} if rest else {})}.items():
        value_fen = stock["unit_fen"] * quantity if stock["unit_fen"] else None
        names = (stock["fund_id"], stock["item"], stock["unit"])
        yield StationRow(station, *names, quantity, value_fen)
