"""`guanjia audit receipt` fetches the proof for one gift; `check-receipt` checks it offline."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.markup import escape
from rich.table import Table

from services.audit.cli.console import (
    UNREADABLE,
    WRONG,
    LogPlace,
    console,
    report_unreadable,
    report_unwritable,
)
from services.audit.ledger.canonical import parse_entry
from services.audit.ledger.kinds import kind_of
from services.audit.ledger.receipts import (
    SUFFIX,
    Receipt,
    ReceiptError,
    describe_receipt,
    make_receipt,
)
from services.audit.tlog.note import NoteError, VerifierKey
from services.audit.tlog.reader import Source, open_source, read_entries, read_unverified_checkpoint
from shared.contracts.ledger import LedgerEntry

PUBLISHED_WITHIN_S = 15.0

Vkeys = Annotated[
    list[str],
    typer.Option("--vkey", help="公开验证密钥，其一即可 a pinned key"),
]


def print_receipt(
    donation: Annotated[str, typer.Argument(help="捐赠编号 the donation's id")],
    where: LogPlace = "",
    out: Annotated[Path | None, typer.Option(help="写到哪里 the file to write")] = None,
) -> None:
    """取一笔捐赠的凭证。Writes the proof that the public log contains a gift (C2SP tlog-proof)."""
    with report_unreadable():
        data = (
            _read_from_log(open_source(where), donation) if where else _fetch_from_service(donation)
        )
    if data is None:
        console.print(f"[red]日志中没有捐赠 {escape(donation)} the log has no such gift[/]")
        raise typer.Exit(UNREADABLE)
    file = out or Path(f"{donation}{SUFFIX}")
    with report_unwritable(file):
        file.write_bytes(data)
    console.print(f"已写入 written: {escape(str(file))}")


def check_receipt(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="凭证 the receipt")],
    vkey: Vkeys,
    witness: Annotated[
        list[str] | None, typer.Option(help="见证方密钥 a witness's key (type 0x04)")
    ] = None,
    quorum: Annotated[
        int | None, typer.Option(min=0, help="须有几方见证，默认全部 how many; default all")
    ] = None,
) -> None:
    """离线核验捐赠凭证。Checks a receipt offline and shows the gift; not proven: exit 1."""
    try:
        keys = [VerifierKey.parse(text) for text in vkey]
        witnesses = [VerifierKey.parse(text) for text in witness or ()]
    except NoteError as error:
        raise typer.BadParameter(str(error)) from None
    try:
        checked = Receipt.parse(file.read_bytes())
        proven = checked.check(keys, witnesses, quorum)
    except ReceiptError as error:
        console.print(f"[red]凭证不成立 the receipt proves nothing[/]: {escape(str(error))}")
        raise typer.Exit(WRONG) from None
    table = Table(show_header=False, title="凭证成立 the receipt holds", title_style="green")
    for label, text in (
        *((" ".join(name), _join(text)) for name, text in describe_receipt(*proven, _name_moment)),
        ("见证 Witnesses", _describe_cosigners(checked, witnesses)),
    ):
        table.add_row(label, escape(text))
    console.print(table)


def _name_moment(at: datetime) -> tuple[str, str]:
    """The same in either language, as programs and the log have it."""
    text = f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return text, text


def _join(text: tuple[str, str]) -> str:
    """Once where both languages say the same."""
    return " ".join(dict.fromkeys(text))


def _describe_cosigners(checked: Receipt, witnesses: list[VerifierKey]) -> str:
    """How many of the witnesses asked for; nothing can be said of one whose key is not given."""
    if not witnesses:
        return "未核对 not checked; --witness KEY"
    cosigned, pinned = (
        len(checked.find_cosigners(witnesses)),
        len({key.public for key in witnesses}),
    )
    return f"{cosigned} 方已见证，共给出 {pinned} 方 {cosigned} of {pinned} witnesses cosigned"


def _read_from_log(source: Source, donation: str) -> bytes | None:
    """Reads the log from its beginning: files know no donation ids."""
    size, mark = read_unverified_checkpoint(source).size, donation.encode()
    for index, raw in enumerate(read_entries(source, size)):
        if mark in raw and _is_gift(parse_entry(raw), donation):
            return bytes(file) if (file := make_receipt(source, index)) else None
    return None


def _is_gift(entry: LedgerEntry, donation: str) -> bool:
    return kind_of(entry).traced == "arrives" and entry["subject"] == donation


def _fetch_from_service(donation: str) -> bytes | None:
    """Asked again while the gift's checkpoint is not there yet."""
    from shared.client import find_service_url, read_token  # an offline auditor does not have it

    url = f"{find_service_url('audit')}/donations/{donation}/receipt"
    headers = {"Authorization": f"Bearer {read_token('operator')}"}
    deadline = time.monotonic() + PUBLISHED_WITHIN_S
    while (answer := httpx.get(url, headers=headers)).status_code == 503:
        if time.monotonic() > deadline:
            break
        time.sleep(0.3)
    return None if answer.status_code in (404, 409) else answer.raise_for_status().content
