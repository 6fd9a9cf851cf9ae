"""Sheets of requests that tests write, and what is read from them."""

import csv
import io
from pathlib import Path

from services.intake.channels.spreadsheet import SheetRequest, read_requests
from shared.contracts.values import Channel
from shared.sheets import RefusedRow

REAL = Path(__file__).parents[3] / "shared/data/wuhan2020/hospital_need_events.csv"


GOOD = {
    "姓名": "张三",
    "手机": "138 0013 8000",
    "类别": "生活物资",
    "困难类别": "低保",
    "金额": "200.50",
    "镇街": "茶山镇",
    "内容": "棉被",
}


def table(*rows: dict[str, str], encoding: str = "utf-8") -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, names)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def rows_of(*rows: dict[str, str], encoding: str = "utf-8") -> list[SheetRequest | RefusedRow]:
    return list(read_requests(table(*rows, encoding=encoding), Channel.SPREADSHEET))


def good(row: dict[str, str]) -> SheetRequest:
    (found,) = rows_of(row)
    assert isinstance(found, SheetRequest)
    return found


def refused(row: dict[str, str]) -> RefusedRow:
    (found,) = rows_of(row)
    assert isinstance(found, RefusedRow)
    return found
