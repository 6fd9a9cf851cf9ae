"""`guanjia audit verify` proves a published log from its files alone."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from services.audit.cli.console import (
    WRONG,
    AsJson,
    Where,
    build_funds_table,
    check_places,
    console,
    exit_unreadable,
    make_progress_bar,
)
from services.audit.ledger.verification import Report, verify_log
from services.audit.tlog.note import NoteError
from services.audit.tlog.reader import UnreachableError

Keys = Annotated[
    list[str],
    typer.Option("--vkey", help="公开验证密钥，换钥后给两把 pinned keys: name+keyid+base64"),
]
OlderCheckpoints = Annotated[
    list[Path] | None,
    typer.Option(exists=True, dir_okay=False, help="以往的检查点 an older checkpoint"),
]
Witnesses = Annotated[
    list[str] | None, typer.Option("--witness", help="见证人密钥 a witness's vkey")
]
Quorum = Annotated[
    int | None, typer.Option(min=0, help="至少几位见证；默认全部 witnesses required: all")
]
Years = Annotated[
    list[str] | None,
    typer.Option(
        metavar="DIR_OR_URL",
        help="上一年度的日志，由近及远 the log of the year before",
        callback=check_places,
    ),
]
YearKeys = Annotated[list[str] | None, typer.Option(help="其密钥，逐一对应 its key, one for each")]


def verify(
    where: Where,
    vkey: Keys,
    since: OlderCheckpoints = None,
    witness: Witnesses = None,
    quorum: Quorum = None,
    previous: Years = None,
    previous_vkey: YearKeys = None,
    as_json: AsJson = False,
) -> None:
    """独立核验账本日志的十条不变式。Checks the ten invariants from the published files alone."""
    trust = Pinned(vkey, [file.read_bytes() for file in since or ()], witness or [], quorum)
    years = list(zip(previous or [], _split_year_keys(previous, previous_vkey), strict=True))
    try:
        report = _verify_years(where, trust, years, quiet=as_json)
    except (NoteError, UnreachableError) as error:
        raise exit_unreadable(error) from None
    if as_json:
        typer.echo(json.dumps(report.summarize(), ensure_ascii=False, indent=1))
    else:
        _show(report)
    raise typer.Exit(0 if report.ok else WRONG)


@dataclass(frozen=True, slots=True)
class Pinned:
    """What is known of a log beforehand."""

    vkeys: Sequence[str]
    since: Sequence[bytes] = ()
    witnesses: Sequence[str] = ()
    quorum: int | None = None


def _split_year_keys(previous: list[str] | None, keys: list[str] | None) -> list[list[str]]:
    """The keys of each earlier year. A key's name is the log's, so a year's key is its own."""
    if len(keys or []) != len(previous or []):
        raise typer.BadParameter("每个 --previous 须有一个 --previous-vkey; one key for each year")
    return [[key] for key in keys or []]


def _verify_years(
    where: str, trust: Pinned, years: Sequence[tuple[str, list[str]]], *, quiet: bool
) -> Report:
    """The earliest year first; each says what the next must have carried."""
    before: Report | None = None
    for place, keys in reversed(years):
        before = _verify(place, Pinned(keys), before, quiet=quiet)
        if not before.ok:
            return before
    return _verify(where, trust, before, quiet=quiet)


def _verify(where: str, trust: Pinned, before: Report | None, *, quiet: bool) -> Report:
    with make_progress_bar("核验 verifying", quiet=quiet) as progress:
        task = progress.add_task("verify", total=None)

        def advance(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        return verify_log(
            where,
            trust.vkeys,
            since=trust.since,
            witnesses=trust.witnesses,
            quorum=trust.quorum,
            previous=before,
            progress=advance,
        )


def _show(report: Report) -> None:
    if report.broken:
        console.print(f"[red]不可信 not to be trusted[/]: {escape(str(report.broken))}")
        return
    assert report.checkpoint is not None
    console.print(build_funds_table(report.books.funds))
    console.print(
        f"[green]可信 verified[/]: {escape(report.checkpoint.origin)}, "
        f"{report.entries} 条 entries, root {report.checkpoint.root.hex()}"
    )
    for each in report.partitions:
        place = f"{each.topic}[{each.partition}] {each.first}-{each.last}"
        console.print(
            f"{escape(place)}: {each.recorded} 条入账 recorded, {each.skipped} 条未入 skipped"
        )
    if report.not_carried:
        console.print(f"尚未结转 not carried yet: {escape(', '.join(report.not_carried))}")
