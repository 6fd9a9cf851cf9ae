"""The year's report and the certificate of a donor as PDF. docs/decisions/0340.

Chinese is set in STSong-Light, which every reader of PDF draws with a Chinese font of its own: no
font lies in the file. The report says what the page of the year says, and names nobody.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table

from services.matching.giving import GivingYear
from services.matching.model.labels import STATE_LABELS
from services.matching.model.match import Match
from shared.contracts.values import CHINA, LABELS, format_yuan
from shared.giving_client import FundUse, Gift, Giving
from shared.towns import town_name
from shared.web.pages import format_quantity

FONT = "STSong-Light"
MARGIN = 20 * mm
WIDTH = A4[0] - 2 * MARGIN
ROWS_MAX = 200
"""Of one list; the sheet has all."""
_INVISIBLE = dict.fromkeys((0x2066, 0x2067, 0x2068, 0x2069))
"""What keeps the direction of writing on a page; paper has none to turn."""

pdfmetrics.registerFont(UnicodeCIDFont(FONT))


def _make_style(size: float, **more: object) -> ParagraphStyle:
    return ParagraphStyle(
        f"size-{size}", fontName=FONT, fontSize=size, leading=size * 1.5, wordWrap="CJK", **more
    )


TITLE, HEAD, TEXT, CELL = _make_style(20), _make_style(13), _make_style(10.5), _make_style(9)
CENTRED, NAME = _make_style(26, alignment=1), _make_style(14)
FOOT = _make_style(12, alignment=2)


def write_report(year: GivingYear, giving: Giving | None, base_url: str) -> bytes:
    """giving: None while audit does not answer. base_url: where the paths of the ledger are."""
    parts = [
        _write(TITLE, f"{year.year} 年捐助报告 Report of giving"),
        Spacer(0, 4 * mm),
        *_list_figures(year),
        *_list_matches("已收到的 What arrived", year.given[::-1], giving, base_url),
        *_list_matches("正在办理 Under way", year.promised, giving, base_url),
        *_list_gifts(giving, base_url),
        Spacer(0, 6 * mm),
        _write(
            CELL, f"每一笔资金都记入公开账本，可以自己核验 The public ledger: {base_url}/ledger"
        ),
        _write(CELL, "本报告不含受助人的姓名、电话和住址 This report names nobody who is helped."),
    ]
    return _build(parts, f"莞家 {year.year} 年捐助报告")


def write_certificate(year: GivingYear, now: datetime) -> bytes:
    """Of a year in which something was confirmed, all of which is at hand. The foundation writes
    the name and stamps it."""
    on = now.astimezone(CHINA)
    parts = [
        Spacer(0, 25 * mm),
        _write(CENTRED, "捐赠证书"),
        _write(_make_style(13, alignment=1), "Certificate of giving"),
        Spacer(0, 20 * mm),
        _write(NAME, "致 To ________________________"),
        Spacer(0, 6 * mm),
        _write(
            NAME,
            f"感谢您在 {year.year} 年通过莞家帮助了 {year.people} 人（户），"
            f"共 {len(year.given)} 件，均已由受助人或工作人员确认收到：",
        ),
        _write(
            TEXT,
            f"With thanks for help that reached {year.people} people in {year.year}, "
            f"{len(year.given)} requests, each confirmed as received.",
        ),
        Spacer(0, 4 * mm),
        *(_write(NAME, f"· {each}") for each in _list_sums(year)),
        Spacer(0, 4 * mm),
        _write(TEXT, f"惠及镇街 Towns：{'、'.join(year.towns)}"),
        Spacer(0, 30 * mm),
        _write(FOOT, "基金会（盖章）Foundation (stamp)　　　　　　"),
        _write(FOOT, f"{on.year}年{on.month}月{on.day}日　　　　　　"),
        Spacer(0, 30 * mm),
        _write(
            CELL,
            "名称由基金会核对后填写并盖章。本证书不是捐赠票据，不能用于税前扣除。"
            "The foundation checks and writes the name, and stamps it. No receipt for taxes.",
        ),
    ]
    return _build(parts, f"莞家 {year.year} 年捐赠证书")


def _build(parts: Sequence[Flowable], title: str) -> bytes:
    content = io.BytesIO()
    margins = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), MARGIN)
    SimpleDocTemplate(content, pagesize=A4, title=title, author="莞家 Guanjia", **margins).build(
        list(parts), onFirstPage=_draw_foot, onLaterPages=_draw_foot
    )
    return content.getvalue()


def _draw_foot(canvas: Any, _document: object) -> None:  # reportlab has no types
    canvas.setFont(FONT, 9)
    canvas.drawCentredString(A4[0] / 2, MARGIN / 2, f"莞家 Guanjia · {canvas.getPageNumber()}")


def _write(style: ParagraphStyle, text: str, url: str = "") -> Flowable:
    """No text is markup. A sign beyond the font's plane is a box in every reader."""
    carried = "".join(sign if ord(sign) < 0x10000 else "□" for sign in text.translate(_INVISIBLE))
    words = escape(carried)
    return Paragraph(f'<a href="{escape(url)}">{words}</a>' if url else words, style)


def _list_figures(year: GivingYear) -> Iterable[Flowable]:
    if year.is_cut:
        yield _write(
            TEXT,
            f"本年数量较多，以下只按最近的 {len(year.given)} 件统计，不是全年数字。"
            "全年数字请向基金会索取。"
            f"These are the figures of the latest {len(year.given)} alone.",
        )
    if not year.given:
        yield _write(TEXT, "这一年还没有确认收到的。Nothing was confirmed in this year yet.")
        return
    categories = (f"{LABELS[code]} {count} 件" for code, count in year.by_category)
    rows = [
        ("帮助了 Helped", f"{year.people} 人（户）people"),
        ("共送达 Given", "，".join(_list_sums(year))),
        ("件数 Requests", str(len(year.given))),
        ("镇街 Towns", "、".join(year.towns)),
        ("类别 What for", "、".join(categories)),
    ]
    if year.stars:
        rows.append(("受助人评价 Rated", f"{year.stars} / 5"))
    yield _make_table(rows, (40 * mm, WIDTH - 40 * mm), TEXT)


def _list_matches(
    title: str, matches: Sequence[Match], giving: Giving | None, base_url: str
) -> Iterable[Flowable]:
    if not matches:
        return
    entries: Mapping[str, str] = giving.entries if giving else {}
    yield _write(HEAD, title)
    if len(matches) > ROWS_MAX:
        yield _write(CELL, f"只列出最近的 {ROWS_MAX} 件，其余见明细表 The sheet has the others.")
    yield _make_table(
        [
            ("日期 Day", "数额 Amount", "类别 What for", "镇街 Where", "状态 State", "账本 Ledger"),
            *(
                _describe(match, entries.get(match.id, ""), base_url)
                for match in matches[:ROWS_MAX]
            ),
        ],
        (22 * mm, WIDTH - 126 * mm, 32 * mm, 24 * mm, 26 * mm, 22 * mm),
        CELL,
        has_head=True,
    )


def _describe(match: Match, entry: str, base_url: str) -> tuple[str | Flowable, ...]:
    on = (match.confirmed_at or match.changed_at).astimezone(CHINA)
    return (
        on.date().isoformat(),
        format_quantity("zh", match.quantity, match.unit, match.item),
        LABELS[match.category],
        town_name(match.town_code) or "东莞市",
        STATE_LABELS[match.state],
        _link_entry(entry, base_url),
    )


def _list_gifts(giving: Giving | None, base_url: str) -> Iterable[Flowable]:
    if giving is None:
        yield _write(HEAD, "我捐的款物 My gifts")
        yield _write(TEXT, "账本暂时读不到，请过几分钟再下载。The ledger does not answer just now.")
        return
    if giving.gifts:
        yield _write(HEAD, "我捐的款物 My gifts")
        head: tuple[str, ...] = ("到账 Day", "数额 Amount", "基金 Fund", "", "账本 Ledger")
        rows = (_describe_gift(gift, base_url) for gift in giving.gifts)
        widths: tuple[float, ...] = (22 * mm, WIDTH - 127 * mm, 50 * mm, 33 * mm, 22 * mm)
        yield _make_table([head, *rows], widths, CELL, has_head=True)
    if giving.funds:
        yield _write(HEAD, "历年捐款的使用 How it was used, all years")
        yield _make_table(
            [
                ("基金 Fund", "共捐 Given", "已安排 Arranged", "尚未使用 Not used"),
                *map(_describe_use, giving.funds),
            ],
            (WIDTH - 105 * mm, 35 * mm, 35 * mm, 35 * mm),
            CELL,
            has_head=True,
        )


def _describe_gift(gift: Gift, base_url: str) -> tuple[str | Flowable, ...]:
    became = "已冲正 undone" if gift.undone else ""
    if gift.invoice and not gift.undone:
        became = f"票据 invoice {gift.invoice}"
    if not gift.undone and gift.refunded_fen:
        became = f"{became} 已退回 {format_yuan(gift.refunded_fen)} 元 given back".strip()
    amount = format_quantity("zh", gift.quantity, gift.unit, gift.item)
    return gift.on, amount, gift.fund, became, _link_entry(gift.entry, base_url)


def _link_entry(path: str, base_url: str) -> str | Flowable:
    return _write(CELL, "记录 entry", f"{base_url}{path}") if path else ""


def _describe_use(use: FundUse) -> tuple[str, ...]:
    sums = (use.received_fen, use.used_fen, use.unused_fen)
    return use.fund, *(f"{format_yuan(each)} 元" for each in sums)


def _list_sums(year: GivingYear) -> list[str]:
    return [format_quantity("zh", quantity, unit, item) for unit, item, quantity in year.sums]


def _make_table(
    rows: Iterable[Sequence[str | Flowable]],
    widths: Sequence[float],
    style: ParagraphStyle,
    *,
    has_head: bool = False,
) -> Flowable:
    """Its head stands on each page."""
    cells = [
        [
            each if isinstance(each, Flowable) or _fits(each, width, style) else _write(style, each)
            for each, width in zip(row, widths, strict=True)
        ]
        for row in rows
    ]
    lines: list[tuple[object, ...]] = [
        ("FONT", (0, 0), (-1, -1), FONT, style.fontSize, style.leading),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.lightgrey),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
    ]
    if has_head:
        lines.append(("LINEBELOW", (0, 0), (-1, 0), 1, colors.black))
    return Table(
        cells,
        colWidths=widths,
        style=lines,
        repeatRows=int(has_head),
        spaceBefore=2 * mm,
        spaceAfter=4 * mm,
        hAlign="LEFT",
    )


def _fits(text: str, width: float, style: ParagraphStyle) -> bool:
    """As it stands on one line: that costs a tenth of a paragraph."""
    is_plain = text.isprintable() and max(text, default="") < "\U00010000"
    return is_plain and pdfmetrics.stringWidth(text, FONT, style.fontSize) < width - 4
