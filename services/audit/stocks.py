"""What lies in store, valued and by station, as pages and reports show it."""

from services.audit.model import Stock
from shared import mongo
from shared.documents import Document

VISIBLE = {
    *("id", "fund_id", "item", "unit", "in_stock", "received", "distributed", "written_off"),
    *("unit_fen", "basis", "valued_by", "valued_at", "places", "placed_at"),
}


async def find_stocks(database: mongo.Database, after: str, limit: int) -> list[Stock]:
    """By id."""
    query = {"_id": {"$gt": after}}
    return await mongo.find(database, Stock, query, sort=[("_id", 1)], limit=limit)


def describe_stock(stock: Stock) -> Document:
    return stock.model_dump(mode="json", include=VISIBLE) | {"value_fen": stock.value_fen}
