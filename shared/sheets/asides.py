"""Lines among the rows of a sheet that are no rows: totals, notes, numbers that wait for a name."""

import re
from collections.abc import Collection, Iterable, Sequence

from shared.sheets.columns import ABSENT_WORDS
from shared.text import fold_text, fold_word

_TOTAL_OF = (
    "本页|本期|本次|本日|当日|本月|本季|本年|上半年|下半年|全年|全部|以上|各项|捐款|捐赠|金额|收入|人民币|现金|全[镇市村]"
    r"|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,4}[年月日](?:份)?|第\d{1,4}页"
    r"|[\u4e00-\u9fff]{1,6}(?:镇|街道?|村|社区|组|班|队|部)"
)
_TOTAL = re.compile(
    rf"(?:{_TOTAL_OF}){{0,3}}(?:合计|总计|小计|共计|总共|累计|总额|总金额|总和|总数|总笔数)"
    r"[金额人数笔数大写捐款]*(?:\([^()]*\))?[¥\d,.:;、共计人民币笔户条元角分整零一二三四五六七八九十百千万亿"
    r"壹贰叁肆伍陆柒捌玖拾佰仟]*"
    r"|共\d+[笔条行人户].{0,30}"
    r"|承前页|过次页|(?:grand|sub)?-?total:?[¥\d,.]*",
    re.IGNORECASE,
)
_TOTAL_HINT = re.compile("[计計共页頁]|总[额金和数笔]|總[額金和數筆]|total", re.IGNORECASE)
TOTAL_LENGTH_MAX = 40
_NOTE = re.compile(
    r"#.*|-{4,}.*|(?:制表|填表|填报|审核|复核|经办|负责|打印|导出|下载|联系)[人员]?(?:时间|日期|单位|电话|说明)?:.*"
    r"|(?:注|备注|说明|注意|附注|填表说明)\d?:.*|第\d+页.*|[\-—]*以下(?:空白|无正文|无内容|无)[\-—]*|:?-{3}:?"
)
"""Below the rows: who made the sheet, and what is to be minded."""

_PREPARED = re.compile(r"第?\d{1,5}[.、号]?")


def is_note(cells: Sequence[str]) -> bool:
    return all(_NOTE.fullmatch(fold_word(cell)) for cell in cells if cell)


def is_prepared(cells: Sequence[str], numbered: Collection[int], needed: Iterable[int]) -> bool:
    """Whether nobody filled the row in: a running number stands there alone, or every cell is
    struck out. numbered: places of columns that are not read. needed: of those that are."""
    filled = [at for at, cell in enumerate(cells) if cell]
    if all(at in numbered and _PREPARED.fullmatch(fold_text(cells[at])) for at in filled):
        return True
    return {*needed}.issubset(filled) and all(fold_text(cells[at]) in ABSENT_WORDS for at in filled)


def is_total(cell: str) -> bool:
    if len(cell) > TOTAL_LENGTH_MAX or not _TOTAL_HINT.search(cell):
        return False
    return _TOTAL.fullmatch(fold_word(cell)) is not None
