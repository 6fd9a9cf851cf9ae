"""The 12345 hotline's export of tickets: each row a message that somebody of its town reads.

A ticket says what a citizen told the operator, and no need with a quantity: so it is kept whole,
sealed, and waits in the inbox with what it suggests. Nothing of it is refused for a side column.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from shared.contracts.values import TownCode
from shared.errors import Invalid
from shared.phones import parse_phone
from shared.sheets import (
    ABSENT_WORDS,
    REASON_HEADERS,
    Column,
    Columns,
    RefusedRow,
    Row,
    Table,
    TotalRow,
    make_code_parser,
    open_sheet,
)
from shared.text import clean_lines
from shared.towns import CITY_WIDE, parse_town

SOURCE = "/channels/12345"


def _parse_prose(text: str, _: str) -> str:
    return clean_lines(text)


HOTLINE_COLUMNS = Columns(
    (
        Column("number", "工单编号 工单号 受理编号 诉求编号", make_code_parser("工单编号"), True),
        Column("text", "诉求内容 工单内容 来电内容 问题描述 具体内容", _parse_prose, True),
        Column("title", "诉求标题 工单标题 标题", _parse_prose),
        Column("called_at", "来电时间 受理时间 登记时间 诉求时间"),
        Column("name", "来电人 诉求人 姓名 联系人"),
        Column("phone", "联系电话 来电号码 来电电话 手机号码", absent=ABSENT_WORDS),
        Column("kind", "诉求类型 工单类型 事项分类 诉求分类"),
        Column("town", "所属镇街 镇街 事发镇街 属地镇街", absent=ABSENT_WORDS),
        Column("place", "事发地点 事发地址 地址 诉求地址"),
        Column("due", "办理时限 办结时限 办结期限"),
        Column("office", "承办单位 办理单位 主办单位"),
        Column("urgency", "紧急程度 缓急程度"),
    ),
    ignored=REASON_HEADERS,
)


@dataclass(frozen=True, slots=True)
class Ticket:
    """number: the hotline's own. phone: where one can be read. town_code: the whole city's where
    no town is named. fields: every column as it was written, by its header."""

    line: int
    number: str
    text: str = field(repr=False)
    town_code: TownCode
    phone: str | None = field(repr=False)
    urgent: bool
    fields: dict[str, str] = field(repr=False)


def read_tickets(content: bytes, skip: int | None = None) -> Iterator[Ticket | RefusedRow]:
    """Raises Invalid when the file is no export of tickets at all."""
    table = open_sheet(content).find_table(HOTLINE_COLUMNS, skip)
    return (_read_ticket(table, row) for row in table if not isinstance(row, TotalRow))


def _read_ticket(table: Table, row: Row | RefusedRow) -> Ticket | RefusedRow:
    if isinstance(row, RefusedRow):
        return row
    title, text = row.text("title"), row.text("text")
    cells = zip(table.headers, row.original, strict=False)
    return Ticket(
        line=row.line,
        number=str(row.values["number"]),
        text=text if not title or title in text else f"{title}\n{text}",
        town_code=_find_town(row.text("town")),
        phone=_find_phone(row.text("phone")),
        urgent="急" in row.text("urgency"),
        fields={header: cell for header, cell in cells if header and cell},
    )


def _find_town(text: str) -> str:
    """A word that is no town costs nothing: the city reads it."""
    try:
        return parse_town(text) if text else CITY_WIDE
    except Invalid:
        return CITY_WIDE


def _find_phone(text: str) -> str | None:
    """A masked number or a landline stays among the fields."""
    try:
        return parse_phone(text) if text else None
    except Invalid:
        return None
