"""What `guanjia import donations` shows: progress, sums by statement, refusals, repeated rows."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from deploy.commands.donations_progress import ImportProgress, RowProblems
from deploy.commands.tables import make_console, make_table
from services.audit.designation import Kind
from services.audit.statements.files import Batch
from shared.client import ServiceClient
from shared.documents import Document
from shared.money import format_yuan
from shared.sheets.cells import guard_cell
from shared.sheets.printing import print_unread

PAGE = 1000
KINDS: dict[Kind, str] = {
    "whole": "整笔 whole gift",
    "split": "分项相符 split",
    "share": "部分指定 share",
    "exceeds": "超出金额 exceeds the gift",
    "unparsed": "未能识别 not understood",
}
"""Of designations."""
PAYMENTS: dict[str, str] = {
    "entered": "已入账 entered",
    "known": "此前已由别处入账或在问 known",
    "asked": "对不上，待财务核对 asked",
    "before": "此前已导入 imported before",
}
"""What became of rows about payments."""


class SpeedColumn(ProgressColumn):
    """How many a second of late; empty before that is known."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


class Bar:
    """How far the files are read, by bytes, and how many of the rows read are settled."""

    def __init__(self, total_bytes: int) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        times = (TimeElapsedColumn(), TimeRemainingColumn(), SpeedColumn())
        self._progress = Progress(*columns, *times, console=make_console())
        self._bytes = self._progress.add_task("读取字节 bytes read", total=total_bytes)
        self._rows = self._progress.add_task("已核对行 rows settled", total=0)
        self._read: dict[Path, int] = {}
        self._found = 0

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def read(self, batch: Batch) -> None:
        self._read[batch.file] = batch.read_bytes
        self._found += len(batch.rows)
        self._progress.update(self._bytes, completed=sum(self._read.values()))
        self._progress.update(self._rows, total=self._found)

    def count_settled(self, rows: int) -> None:
        self._progress.advance(self._rows, rows)


def print_totals(progress: ImportProgress, statements: Sequence[Document]) -> bool:
    """Each statement's own sum beside the ledger's; whether all are equal."""
    ledger = {each["statement"]: each for each in statements}
    rows = make_table(
        "对账单 statement",
        "行 rows",
        "文件合计 file",
        "账本合计 ledger",
        "首见 first here",
        "他处亦有 elsewhere",
        "一致 equal",
    )
    unequal = 0
    for name, sums in progress.statements.items():
        booked = ledger.get(name, Counter())
        is_equal = sums["amount_fen"] == booked["total_fen"]
        unequal += not is_equal
        rows.add_row(
            escape(name),
            str(sums["rows"]),
            format_yuan(sums["amount_fen"]),
            format_yuan(booked["total_fen"]),
            str(booked["first_here"]),
            str(booked["elsewhere"]),
            "是 yes" if is_equal else "否 NO",
        )
    make_console().print(rows)
    typer.echo(
        f"已入账 entered: {progress.entered}；他处已列 repeated: {progress.repeated}；"
        f"此前已有 known before: {progress.before}；"
        f"被拒绝 refused: {progress.refused}；待核对 asked: {len(progress.questions)}；"
        f"未见入账 no entry seen: {progress.unseen}"
    )
    if progress.for_fund:
        typer.echo(
            f"等基金批准 wait for their fund: {progress.for_fund}。批准后自动入账，不用再导入 · "
            "entered by themselves once it is approved"
        )
    if progress.payments:
        counts = "；".join(f"{PAYMENTS[name]}: {progress.payments[name]}" for name in PAYMENTS)
        typer.echo(f"付款行 payments: {counts}")
    if progress.designations:
        counts = "，".join(f"{KINDS[kind]}: {progress.designations[kind]}" for kind in KINDS)
        typer.echo(f"用途 designations: {counts}")
    return not unequal


def print_refusals(progress: ImportProgress, show: int) -> None:
    """And what is to be said of rows that are entered."""
    for file, headers in progress.unread.items():
        print_unread(make_console(), headers, file)
    _print_rows("被拒绝的行 refused rows", progress.refusals[:show])
    _print_questions(progress, show)
    _print_rows("已入账但须留意 entered, with a remark", progress.remarks[:show])
    for row in progress.waiting[:show]:
        typer.echo(f"未见入账 no entry seen: {row.listed.statement} {row.listed.row} {row.id}")
    if progress.waiting:
        typer.echo("原因或在死信中 why may be told by: guanjia dead-letters list --service audit")


def _print_questions(progress: ImportProgress, show: int) -> None:
    if not progress.questions:
        return
    title = "疑似同一笔，未入账 may be a gift entered before, so not entered"
    rows = make_table("文件 file", "行 line", "金额 amount", "可能就是 may be", title=title)
    for question in progress.questions[:show]:
        alike = escape("；".join(question.alike))
        amount = format_yuan(question.amount_fen)
        rows.add_row(escape(question.file), str(question.line), amount, alike)
    make_console().print(rows)
    typer.echo(
        "请核对：是同一笔的不用再做什么；确是另外的善款，加 --apart 再导入一次（会记在善款上）"
        " look at them: nothing is to be done for the same gift; others are entered with --apart"
    )


def _print_rows(title: str, rows: Sequence[RowProblems]) -> None:
    if not rows:
        return
    printed = make_table("文件 file", "行 line", "字段 field", "原因", "reason", title=title)
    for row in rows:
        for problem in row.problems:
            cells = (str(row.line), problem.field, escape(problem.zh), escape(problem.en))
            printed.add_row(escape(row.file), *cells)
    make_console().print(printed)


def print_overlaps(audit: ServiceClient, statements: Sequence[str], show: int) -> None:
    """Which statements list the same gifts, and the first of them."""
    page = audit.get("/statements/overlaps", {"statement": list(statements), "limit": show or 1})
    if not page["pairs"]:
        return
    pairs = make_table("对账单 statement", "与 and", "重复行 rows", "金额 amount")
    for pair in page["pairs"]:
        sums = (str(pair["rows"]), format_yuan(pair["amount_fen"]))
        pairs.add_row(escape(pair["statement"]), escape(pair["other"]), *sums)
    make_console().print(pairs)
    typer.echo(
        "以上各对只入账一次；若是不同账户的流水，请分别加 --account 账户名 再导入"
        " entered once each: where they are of different accounts, import each with --account NAME"
    )
    if not show:
        return
    rows = make_table("善款 gift", "金额 amount", "所在行 its rows", title="重复的行 repeated rows")
    for gift in page["gifts"]:
        places = "，".join(f"{at['statement']} {at['row']}" for at in gift["statements"])
        rows.add_row(gift["id"], format_yuan(gift["amount_fen"]), escape(places))
    make_console().print(rows)


def write_overlaps(audit: ServiceClient, statements: Sequence[str], target: Path) -> None:
    """One line for each further row of a gift, beside its first."""
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(
            ("statement", "row", "first_statement", "first_row", "donation_id", "amount_fen")
        )
        for gift in _list_all_overlaps(audit, statements):
            first, *others = gift["statements"]
            for other in others:
                names = guard_cell(other["statement"]), guard_cell(first["statement"])
                places = (names[0], other["row"], names[1], first["row"])
                lines.writerow((*places, gift["id"], gift["amount_fen"]))
    typer.echo(f"重复行已写入 repeated rows: {target}")


def _list_all_overlaps(audit: ServiceClient, statements: Sequence[str]) -> Iterator[Document]:
    after: str | None = ""
    while after is not None:
        query = {"statement": list(statements), "limit": PAGE, "after": after}
        page = audit.get("/statements/overlaps", query)
        yield from page["gifts"]
        after = page["next"]
