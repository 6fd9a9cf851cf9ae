"""The 12345 hotline's export: each ticket is kept whole, whatever its side columns say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.channels.hotline import Ticket, read_tickets
from shared.errors import Invalid
from shared.sheets import RefusedRow
from shared.towns import CITY_WIDE

HEADER = (
    "工单编号,来电时间,来电人,联系电话,诉求类型,诉求标题,"
    "诉求内容,所属镇街,事发地点,办理时限,紧急程度"
)
ROW = (
    "DG20260301000123,2026-03-01 09:12:33,陈先生,138 0013 8000,民生保障,求助,"
    "老人瘫痪在床，想要一辆轮椅,茶山镇,茶山镇增埗村,2026-03-08 18:00,一般"
)


def read(*rows: str, header: str = HEADER) -> list[Ticket | RefusedRow]:
    return list(read_tickets("\n".join((header, *rows)).encode()))


def read_one(row: str) -> Ticket:
    (ticket,) = read(row)
    assert isinstance(ticket, Ticket)
    return ticket


def test_a_ticket_is_read_by_the_words_of_the_hotline_and_kept_whole() -> None:
    ticket = read_one(ROW)
    assert (ticket.number, ticket.town_code) == ("DG20260301000123", "441900103")
    assert (ticket.phone, ticket.urgent) == ("+8613800138000", False)
    assert ticket.text == "求助\n老人瘫痪在床，想要一辆轮椅"
    assert list(ticket.fields) == HEADER.split(",")
    assert ticket.fields["办理时限"] == "2026-03-08 18:00"


def test_a_masked_phone_an_unknown_town_or_no_word_costs_nothing() -> None:
    masked = read_one(
        ROW.replace("138 0013 8000", "138****8000").replace("茶山镇,茶山", "某镇,茶山")
    )
    assert (masked.phone, masked.town_code) == (None, CITY_WIDE)
    assert masked.fields["联系电话"] == "138****8000"
    assert read_one(ROW.replace(",一般", ",特急")).urgent


def test_a_row_without_number_or_words_is_refused_and_the_rest_goes_on() -> None:
    nameless = ROW.replace("DG20260301000123", "")
    speechless = ROW.replace("老人瘫痪在床，想要一辆轮椅", "")
    refused, empty, ticket = read(nameless, speechless, ROW)
    assert isinstance(refused, RefusedRow)
    assert isinstance(empty, RefusedRow)
    assert isinstance(ticket, Ticket)


def test_titles_above_and_other_separators_are_read() -> None:
    title = "12345热线工单导出（2026年3月）"
    table = "\n".join((title, HEADER, ROW)).replace(",", "\t")
    (ticket,) = read_tickets(table.encode())
    assert isinstance(ticket, Ticket)


def test_a_sheet_of_requests_is_no_export_of_tickets() -> None:
    with pytest.raises(Invalid):
        read("张三,茶山镇", header="姓名,镇街")


@given(st.text(max_size=80), st.text(max_size=40))
def test_no_cell_is_too_strange(text: str, town: str) -> None:
    cells = ROW.split(",")
    cells[6], cells[7] = (f'"{each.replace(chr(34), chr(34) * 2)}"' for each in (text, town))
    try:
        rows = read(",".join(cells))
    except Invalid:
        return
    assert len(rows) <= 1
