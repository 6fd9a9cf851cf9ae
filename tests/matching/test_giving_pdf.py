"""A donor's report and certificate as PDF, read back by PDFium: what they say, and of whom nothing.

PDFium is what Chrome shows files with; it draws Chinese with the fonts of the machine.
"""

import re

import pypdfium2

from services.matching.giving import build_year
from services.matching.giving_pdf import ROWS_MAX, write_certificate, write_report
from services.matching.model.match import Match
from shared.giving_client import FundUse, Gift, Giving
from tests.matching.decisions import NOW
from tests.matching.test_giving import make_match

GIVING = Giving(
    gifts=[
        Gift(
            "2026-01-05",
            "茶园关爱慈善基金",
            "fen",
            "",
            2_000_000,
            500_000,
            False,
            "/ledger/2026/entries/3",
            "/g/t",
        )
    ],
    funds=[FundUse("茶园关爱慈善基金", 1_500_000, 200_000, 1_300_000)],
    entries={"M-0": "/ledger/2026/entries/12"},
)
SITE = "https://guanjia.example"


def read_text(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    pages = [page.get_textpage().get_text_range() for page in document]
    return re.sub(r"\s+", "", "".join(pages))


def make_matches(count: int, item: str = "大米") -> list[Match]:
    match = make_match("P-secret", "confirmed", NOW, item=item)
    return [match.model_copy(update={"id": f"M-{number}", "stars": 4}) for number in range(count)]


def test_the_report_says_what_arrived_what_is_under_way_and_what_the_gifts_are_used_for() -> None:
    year = build_year([*make_matches(2), make_match("c", "delivered")], NOW.year)
    content = write_report(year, GIVING, SITE)
    text = read_text(content)
    for words in (
        *("2026年捐助报告", "共送达Given大米4袋", "石碣镇", "生活物资2件", "4.0/5"),
        *("已确认收到", "正在办理", "茶园关爱慈善基金", "人民币20,000.00元"),
        *("已退回5,000.00元", "13,000.00元", f"{SITE}/ledger"),
    ):
        assert words in text, words
    for entry in (3, 12):
        assert f"{SITE}/ledger/2026/entries/{entry})".encode() in content
    assert "P-secret" not in text


def test_what_is_written_in_an_items_name_is_no_markup() -> None:
    item = '<a href="http://a.example">米</a> & 💖 <para>'
    text = read_text(write_report(build_year(make_matches(1, item), NOW.year), None, SITE))
    assert '<ahref="http://a.example">米</a>&□<para>2袋' in text
    assert "账本暂时读不到" in text


def test_a_long_list_ends_and_says_so_and_a_cut_year_has_no_sum() -> None:
    matches = make_matches(ROWS_MAX + 50)
    text = read_text(write_report(build_year(matches, NOW.year, is_cut=True), GIVING, SITE))
    assert text.count("已确认收到") == ROWS_MAX
    assert "其余见明细表" in text
    assert "不是全年数字" in text


def test_an_empty_year_says_so() -> None:
    assert "还没有确认收到" in read_text(write_report(build_year([], NOW.year), GIVING, SITE))


def test_the_certificate_leaves_the_name_to_the_foundation() -> None:
    document = write_certificate(build_year(make_matches(3), NOW.year), NOW)
    text = read_text(document)
    for words in (
        "捐赠证书",
        "致To____",
        "帮助了1人（户），共3件",
        "·大米6袋",
        "盖章",
        "不能用于税前扣除",
    ):
        assert words in text, words
    assert "P-secret" not in text
    assert len(pypdfium2.PdfDocument(document)) == 1
